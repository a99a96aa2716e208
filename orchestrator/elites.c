#include "orchestrator/elites.h"

#include <stdlib.h>

#include "archive/archive.h"
#include "base/memory.h"
#include "base/text.h"

struct elites {
	struct elite *rows;        /* owned, ascending by cell */
	double *fitness;           /* owned, in step with rows */
	int count, room;
};

struct elites *elites_new(void)
{
	return memory_alloc(sizeof(struct elites));
}

static void row_release(struct elite *row)
{
	free(row->source);
	free(row->flags);
}

void elites_free(struct elites *e)
{
	if (e == NULL)
		return;
	for (int i = 0; i < e->count; i++)
		row_release(&e->rows[i]);
	free(e->rows);
	free(e->fitness);
	free(e);
}

/* First row whose cell is not below the asked one. */
static int lower_bound(const struct elites *e, int64_t cell)
{
	int low = 0, high = e->count;

	while (low < high) {
		int mid = (low + high) / 2;

		if (e->rows[mid].cell < cell)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void open_gap(struct elites *e, int at)
{
	if (e->count == e->room) {
		e->room = e->room == 0 ? 64 : 2 * e->room;
		e->rows = memory_grow(e->rows, (size_t)e->room, sizeof *e->rows);
		e->fitness = memory_grow(e->fitness, (size_t)e->room, sizeof *e->fitness);
	}
	for (int i = e->count; i > at; i--) {
		e->rows[i] = e->rows[i - 1];
		e->fitness[i] = e->fitness[i - 1];
	}
	e->count++;
}

void elites_put(struct elites *e, int64_t cell, int64_t id, double fitness, int depth, const char *source, size_t source_bytes, const char *flags)
{
	int at = lower_bound(e, cell);
	struct elite made = {             /* before anything is freed: the texts may be the old elite's own */
		.cell = cell, .id = id, .fitness = fitness, .depth = depth,
		.source = text_copy_n(source, source_bytes), .source_bytes = source_bytes,
		.flags = text_copy(flags != NULL ? flags : "[]"),
	};

	if (at < e->count && e->rows[at].cell == cell)
		row_release(&e->rows[at]);
	else
		open_gap(e, at);
	e->rows[at] = made;
	e->fitness[at] = fitness;
}

void elites_remove(struct elites *e, int64_t cell)
{
	int at = lower_bound(e, cell);

	if (at == e->count || e->rows[at].cell != cell)
		return;
	row_release(&e->rows[at]);
	for (int i = at; i + 1 < e->count; i++) {
		e->rows[i] = e->rows[i + 1];
		e->fitness[i] = e->fitness[i + 1];
	}
	e->count--;
}

int elites_load(struct elites *e, struct archive *a, struct err *err)
{
	struct archive_program *list = NULL;
	int count = 0;
	int rc = archive_elites(&list, &count, a, err);

	for (int i = 0; i < count && rc >= 0; i++) {
		struct archive_program p = { 0 };

		rc = archive_program(&p, a, list[i].id, true, err);
		if (rc == 1)
			elites_put(e, p.cell, p.id, p.fitness, p.depth, p.source, p.source_bytes, p.flags);
		archive_program_release(&p);
	}
	archive_programs_free(list, count);
	return rc < 0 ? rc : 0;
}

int elites_count(const struct elites *e)
{
	return e->count;
}

const struct elite *elites_at(const struct elites *e, int index)
{
	return index >= 0 && index < e->count ? &e->rows[index] : NULL;
}

const struct elite *elites_find(const struct elites *e, int64_t cell)
{
	int at = lower_bound(e, cell);

	return at < e->count && e->rows[at].cell == cell ? &e->rows[at] : NULL;
}

const double *elites_fitness(const struct elites *e)
{
	return e->fitness;
}
