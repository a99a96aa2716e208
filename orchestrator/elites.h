/*
 * elites.h - the map in memory: cell to elite with its source, mirrored from the archive, so that choosing parents reads no database.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct archive;
struct elites;

struct elite {
	int64_t cell, id;
	double fitness;
	int depth;
	char *source; size_t source_bytes;    /* owned */
	char *flags;                          /* JSON array, owned */
};

struct elites *elites_new(void);
void elites_free(struct elites *e);
int elites_load(struct elites *e, struct archive *a, struct err *err);
/* Put or replace the elite of a cell; the texts are copied. */
void elites_put(struct elites *e, int64_t cell, int64_t id, double fitness, int depth, const char *source, size_t source_bytes, const char *flags);
void elites_remove(struct elites *e, int64_t cell);
int elites_count(const struct elites *e);
const struct elite *elites_at(const struct elites *e, int index);
const struct elite *elites_find(const struct elites *e, int64_t cell);     /* NULL: empty cell */
const double *elites_fitness(const struct elites *e);                       /* by index, for select.h */
