/*
 * pending.h - the queue: proposals on their way, so that nothing in flight is lost.
 */
#pragma once

#include "archive/archive.h"

int pending_add(int64_t *id, struct archive *a, int64_t proposal, const char *payload,
	struct err *e);
int pending_tried(struct archive *a, int64_t id, struct err *e);
int pending_drop(struct archive *a, int64_t id, struct err *e);
int pending_list(struct archive_queued **out, int *count, struct archive *a, struct err *e);
