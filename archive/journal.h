/*
 * journal.h - reading what happened: totals, counters, progress, changes of the map, events.
 */
#pragma once

#include "archive/archive.h"

int journal_totals(struct archive_totals *out, struct archive *a, struct err *e);
int journal_counters(struct archive_count **out, int *count, struct archive *a, int kind,
	struct err *e);
int journal_progress(struct archive_point **out, int *count, struct archive *a, int most,
	struct err *e);
int journal_history(struct archive_change **out, int *count, struct archive *a, int64_t cell,
	struct err *e);
int journal_events(struct archive_event **out, int *count, struct archive *a, int64_t after_id,
	int most, struct err *e);
int journal_event_add(struct archive *a, const char *kind, const char *text, struct err *e);
int journal_set_state(struct archive *a, const char *state, const char *why, struct err *e);
int journal_set_elapsed(struct archive *a, int64_t elapsed_ns, struct err *e);
