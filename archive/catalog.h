/*
 * catalog.h - reading programs: one, by prefix, lists, elites, lineage, by hash.
 */
#pragma once

#include "archive/archive.h"

int catalog_program(struct archive_program *out, struct archive *a, int64_t id, bool with_source,
	struct err *e);
int catalog_image(void **bytes, size_t *size, struct archive *a, int64_t id, struct err *e);
int catalog_find_token(int64_t *id, struct archive *a, const struct hash *token, struct err *e);
int catalog_find_object(int64_t *id, struct archive *a, const struct hash *object, struct err *e);
int catalog_resolve(int64_t *id, struct archive *a, const char *prefix, struct err *e);
int catalog_list(struct archive_program **out, int *count, struct archive *a,
	const struct archive_filter *f, struct err *e);
int catalog_elites(struct archive_program **out, int *count, struct archive *a, struct err *e);
int catalog_lineage(struct archive_program **out, int *count, struct archive *a, int64_t id,
	struct err *e);
void catalog_release(struct archive_program *p);
