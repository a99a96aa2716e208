#include "archive/journal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/inside.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"

#define EVENT_TEXT_MAX 65536   /* bytes of one event; the rest is cut */
#define EVENTS_DEFAULT 1000
#define POINTS_DEFAULT 1000

static const char *const states[] = { "new", "running", "stopped", "finished", "failed" };

/*
 * Texts of ours in fields of a fixed size: names of verdicts and stages fit, long reasons are cut.
 */
static void copy_text(char *out, size_t room, const char *text)
{
	snprintf(out, room, "%s", text ? text : "");
}

int journal_totals(struct archive_totals *out, struct archive *a, struct err *e)
{
	struct stmt *q = NULL;
	/* One statement, so that a reader sees one moment. */
	int rc = db_stmt(&q, a->db,
		"SELECT t.evaluations AS evaluations, t.duplicates_token AS duplicates_token, "
		"t.duplicates_object AS duplicates_object, t.spared_cpu_ns AS spared_cpu_ns, "
		"t.programs AS programs, t.clamped AS clamped, t.cells_filled AS cells_filled, "
		"t.qd_score AS qd_score, t.best AS best, b.fitness AS fitness, b.fitness_low AS low, "
		"b.fitness_high AS high, s.fitness AS seed_fitness, t.elapsed_ns AS elapsed_ns, "
		"(SELECT count(*) FROM queue) AS queued, t.state AS state FROM tally t "
		"LEFT JOIN program b ON b.id = t.best LEFT JOIN program s ON s.id = t.seed", e);

	if (rc < 0)
		return rc;
	rc = stmt_step(q, e);
	if (rc == 1) {
		*out = (struct archive_totals){
			.evaluations = stmt_i64(q, "evaluations"),
			.duplicates_token = stmt_i64(q, "duplicates_token"),
			.duplicates_object = stmt_i64(q, "duplicates_object"),
			.spared_cpu_ns = stmt_i64(q, "spared_cpu_ns"),
			.programs = stmt_i64(q, "programs"),
			.clamped = stmt_i64(q, "clamped"),
			.cells_filled = stmt_i64(q, "cells_filled"),
			.cells = grid_cells(&a->grid),
			.qd_score = stmt_double(q, "qd_score"),
			.best_id = stmt_i64(q, "best"),
			.best = stmt_double(q, "fitness"),
			.best_low = stmt_double(q, "low"),
			.best_high = stmt_double(q, "high"),
			.seed_fitness = stmt_double(q, "seed_fitness"),
			.elapsed_ns = stmt_i64(q, "elapsed_ns"),
			.queued = stmt_i64(q, "queued"),
		};
		copy_text(out->state, sizeof(out->state), stmt_text(q, "state"));
	} else if (rc == 0) {
		rc = err_set(e, ERR_FORMAT, "the campaign has no tally");
	}
	stmt_done(q);
	return rc < 0 ? rc : 0;
}

int journal_counters(struct archive_count **out, int *count, struct archive *a, int kind,
	struct err *e)
{
	struct archive_count *list = NULL;
	struct stmt *q = NULL;
	int n = 0, rc = db_stmt(&q, a->db, "SELECT name, count, wall_ns, cpu_ns, chosen FROM counter "
		"WHERE kind = :kind ORDER BY count DESC, name", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":kind", kind);
	while ((rc = stmt_step(q, e)) == 1) {
		list = memory_grow(list, (size_t)n + 1, sizeof(list[0]));
		copy_text(list[n].name, sizeof(list[n].name), stmt_text(q, "name"));
		list[n].count = stmt_i64(q, "count");
		list[n].wall_ns = stmt_i64(q, "wall_ns");
		list[n].cpu_ns = stmt_i64(q, "cpu_ns");
		list[n].rejected = stmt_i64(q, "chosen");
		n++;
	}
	stmt_done(q);
	if (rc < 0) {
		free(list);
		return rc;
	}
	*out = list;
	*count = n;
	return 0;
}

/*
 * Every stride-th point and the last; ids have no gaps, because rows of progress are never deleted.
 */
int journal_progress(struct archive_point **out, int *count, struct archive *a, int most,
	struct err *e)
{
	struct archive_point *list = NULL;
	struct stmt *q = NULL;
	int64_t last = 0, stride;
	int n = 0, rc = db_number(&last, a->db, "SELECT max(id) FROM progress", e);

	if (rc == 0)
		rc = db_stmt(&q, a->db, "SELECT evaluations, elapsed_ns, best, qd_score, cells_filled "
			"FROM progress WHERE (:last - id) % :stride = 0 AND id <= :last ORDER BY id", e);
	if (rc < 0)
		return rc;
	if (most <= 0)
		most = POINTS_DEFAULT;
	stride = last > most ? (last + most - 1) / most : 1;
	stmt_put_i64(q, ":last", last);
	stmt_put_i64(q, ":stride", stride);
	while ((rc = stmt_step(q, e)) == 1) {
		list = memory_grow(list, (size_t)n + 1, sizeof(list[0]));
		list[n++] = (struct archive_point){
			.evaluations = stmt_i64(q, "evaluations"),
			.elapsed_ns = stmt_i64(q, "elapsed_ns"),
			.best = stmt_double(q, "best"),
			.qd_score = stmt_double(q, "qd_score"),
			.cells_filled = stmt_i64(q, "cells_filled"),
		};
	}
	stmt_done(q);
	if (rc < 0) {
		free(list);
		return rc;
	}
	*out = list;
	*count = n;
	return 0;
}

int journal_history(struct archive_change **out, int *count, struct archive *a, int64_t cell,
	struct err *e)
{
	struct archive_change *list = NULL;
	struct stmt *q = NULL;
	int n = 0, room = 0, rc = db_stmt(&q, a->db, cell < 0
		? "SELECT cell, program, elapsed_ns, fitness, why FROM history WHERE :cell < 0 ORDER BY id"
		: "SELECT cell, program, elapsed_ns, fitness, why FROM history WHERE cell = :cell "
		  "ORDER BY id", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":cell", cell);
	while ((rc = stmt_step(q, e)) == 1) {
		if (n == room) {
			room = room ? 2 * room : 64;
			list = memory_grow(list, (size_t)room, sizeof(list[0]));
		}
		list[n].cell = stmt_i64(q, "cell");
		list[n].program = stmt_i64(q, "program");
		list[n].elapsed_ns = stmt_i64(q, "elapsed_ns");
		list[n].fitness = stmt_double(q, "fitness");
		copy_text(list[n].why, sizeof(list[n].why), stmt_text(q, "why"));
		n++;
	}
	stmt_done(q);
	if (rc < 0) {
		free(list);
		return rc;
	}
	*out = list;
	*count = n;
	return 0;
}

int journal_events(struct archive_event **out, int *count, struct archive *a, int64_t after_id,
	int most, struct err *e)
{
	struct archive_event *list = NULL;
	struct stmt *q = NULL;
	int n = 0, rc = db_stmt(&q, a->db, "SELECT id, created_s, kind, text FROM event "
		"WHERE id > :after ORDER BY id LIMIT :most", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":after", after_id);
	stmt_put_i64(q, ":most", most > 0 ? most : EVENTS_DEFAULT);
	while ((rc = stmt_step(q, e)) == 1) {
		list = memory_grow(list, (size_t)n + 1, sizeof(list[0]));
		list[n].id = stmt_i64(q, "id");
		list[n].created_s = stmt_i64(q, "created_s");
		copy_text(list[n].kind, sizeof(list[n].kind), stmt_text(q, "kind"));
		list[n].text = text_copy(stmt_text(q, "text"));
		n++;
	}
	stmt_done(q);
	if (rc < 0) {
		archive_events_free(list, n);
		return rc;
	}
	*out = list;
	*count = n;
	return 0;
}

int journal_event_add(struct archive *a, const char *kind, const char *text, struct err *e)
{
	char *cut = text_copy_n(text, strnlen(text, EVENT_TEXT_MAX));
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db,
		"INSERT INTO event (created_s, kind, text) VALUES (:created, :kind, :text)", e);

	if (rc == 0) {
		stmt_put_i64(q, ":created", clock_calendar_s());
		stmt_put_text(q, ":kind", kind);
		stmt_put_text(q, ":text", cut);
		rc = stmt_run(q, e);
	}
	stmt_done(q);
	free(cut);
	return rc;
}

static int put_state(struct archive *a, const char *state, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "UPDATE tally SET state = :state", e);

	if (rc < 0)
		return rc;
	stmt_put_text(q, ":state", state);
	rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

int journal_set_state(struct archive *a, const char *state, const char *why, struct err *e)
{
	bool known = false;
	char *text;
	int rc;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		known = known || text_equal(state, states[i]);
	if (!known)
		return err_set(e, ERR_ARGS, "%s is no state of a campaign", state);
	rc = db_begin(a->db, e);
	if (rc < 0)
		return rc;
	text = text_format("%s%s%s", state, why ? ": " : "", why ? why : "");
	rc = put_state(a, state, e);
	if (rc == 0)
		rc = journal_event_add(a, "state", text, e);
	free(text);
	return db_end(a->db, rc, e);
}

int journal_set_elapsed(struct archive *a, int64_t elapsed_ns, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "UPDATE tally SET elapsed_ns = :elapsed", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":elapsed", elapsed_ns);
	rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}
