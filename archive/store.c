#include "archive/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/dictionary.h"
#include "archive/inside.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"

/* The map before and after a change, as far as tally needs it. */
struct map_change {
	int64_t filled;        /* cells more (1), fewer (-1) or as many */
	double gain;           /* of the QD score */
};

static bool is_ok(const struct archive_program *p)
{
	return text_equal(p->verdict, "ok");
}

/* ---- what may be committed ---- */

static int check_program(const struct archive *a, const struct archive_program *p, struct err *e)
{
	if (!p->verdict || !p->verdict[0])
		return err_set(e, ERR_ARGS, "a result without a verdict");
	if (is_ok(p) && !isfinite(p->fitness))
		return err_set(e, ERR_FORMAT, "verdict ok with a fitness that is no finite number");
	if (p->parent_count < 0 || p->parent_count > 4)
		return err_set(e, ERR_ARGS, "%d parents, at most 4", p->parent_count);
	if (p->cell >= grid_cells(&a->grid))
		return err_set(e, ERR_ARGS, "cell %lld of %lld", (long long)p->cell,
			(long long)grid_cells(&a->grid));
	return 0;
}

static int check_result(const struct archive *a, const struct archive_result *r, struct err *e)
{
	const char *level = r->duplicate_level;

	if (level && !text_equal(level, "token") && !text_equal(level, "object"))
		return err_set(e, ERR_ARGS, "unknown level of duplicates: %s", level);
	if (r->stage_count < 0 || r->stage_count > ARCHIVE_STAGES_MAX)
		return err_set(e, ERR_ARGS, "%d stages", r->stage_count);
	if (r->takes_cell && (!is_ok(r->program) || r->program->cell < 0))
		return err_set(e, ERR_ARGS, "only a program with verdict ok and a cell takes a cell");
	if (level && is_ok(r->program))
		return err_set(e, ERR_ARGS, "a duplicate has no score of its own");
	if (!level && !r->program->source)
		return err_set(e, ERR_ARGS, "a result without its source");
	return check_program(a, r->program, e);
}

/* ---- the row of the program ---- */

/* One of the two statements on an operator: 1 and its id, 0 when it has no row. */
static int with_operator(int64_t *id, struct archive *a, const char *sql,
	const struct archive_program *p, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, sql, e);

	if (rc < 0)
		return rc;
	stmt_put_text(q, ":mutator", p->mutator);
	stmt_put_text(q, ":operation", p->operation ? p->operation : "");
	rc = stmt_step(q, e);
	if (rc == 1)
		*id = stmt_i64(q, "id");
	stmt_done(q);
	return rc;
}

static int find_operator(int64_t *id, struct archive *a, const struct archive_program *p,
	struct err *e)
{
	int rc;

	*id = 0;
	if (!p->mutator)
		return 0;
	rc = with_operator(id, a, "SELECT id FROM operator WHERE mutator = :mutator "
		"AND operation = :operation", p, e);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = with_operator(id, a, "INSERT INTO operator (mutator, operation) "
		"VALUES (:mutator, :operation)", p, e);
	*id = db_last_id(a->db);
	return rc;
}

static void put_origin(struct stmt *q, const struct archive_program *p, int64_t operator_id,
	int64_t duplicate_of)
{
	static const char *const parents[4] = { ":parent_1", ":parent_2", ":parent_3", ":parent_4" };

	stmt_put_blob(q, ":name", p->name.bytes, HASH_BYTES);
	stmt_put_i64(q, ":proposal", p->proposal);
	stmt_put_id(q, ":operator", operator_id);
	for (int i = 0; i < 4; i++)
		stmt_put_id(q, parents[i], i < p->parent_count ? p->parents[i] : 0);
	stmt_put_i64(q, ":depth", p->depth);
	stmt_put_id(q, ":duplicate_of", duplicate_of);
}

/*
 * Verdict before fitness: a program that is not ok has no score, whatever the caller left in the
 * fields.
 */
static void put_outcome(struct stmt *q, const struct archive *a, const struct archive_program *p)
{
	static const char *const features[GRID_AXES_MAX] = {
		":feature_1", ":feature_2", ":feature_3", ":feature_4",
	};
	bool ok = is_ok(p);

	stmt_put_text(q, ":verdict", p->verdict);
	stmt_put_text(q, ":reason", p->reason);
	stmt_put_double(q, ":fitness", ok ? p->fitness : NAN);
	stmt_put_double(q, ":fitness_low", ok ? p->fitness_low : NAN);
	stmt_put_double(q, ":fitness_high", ok ? p->fitness_high : NAN);
	stmt_put_i64(q, ":pairs", p->pairs);
	stmt_put_text(q, ":metrics", p->metrics);
	if (ok && p->cell >= 0)
		stmt_put_i64(q, ":cell", p->cell);
	for (int i = 0; i < GRID_AXES_MAX; i++)
		stmt_put_double(q, features[i], ok && i < a->grid.axis_count ? p->features[i] : NAN);
	stmt_put_i64(q, ":code_bytes", p->code_bytes);
	stmt_put_i64(q, ":created_s", p->created_s ? p->created_s : clock_calendar_s());
	stmt_put_i64(q, ":wall_ns", p->wall_ns);
	stmt_put_i64(q, ":cpu_ns", p->cpu_ns);
	stmt_put_blob(q, ":token", p->token.bytes, HASH_BYTES);
	stmt_put_blob(q, ":object", p->has_object ? p->object.bytes : NULL, HASH_BYTES);
	stmt_put_text(q, ":flags", p->flags);
	stmt_put_text(q, ":holdout", p->holdout);
}

static int insert_program(int64_t *id, struct archive *a, const struct archive_result *r,
	struct err *e)
{
	static const char sql[] =
		"INSERT INTO program (name, proposal, operator, parent_1, parent_2, parent_3, parent_4, "
		"depth, duplicate_of, verdict, reason, fitness, fitness_low, fitness_high, pairs, metrics, "
		"cell, feature_1, feature_2, feature_3, feature_4, code_bytes, created_s, wall_ns, cpu_ns, "
		"token, object, flags, holdout) VALUES (:name, :proposal, :operator, :parent_1, :parent_2, "
		":parent_3, :parent_4, :depth, :duplicate_of, :verdict, :reason, :fitness, :fitness_low, "
		":fitness_high, :pairs, :metrics, :cell, :feature_1, :feature_2, :feature_3, :feature_4, "
		":code_bytes, :created_s, :wall_ns, :cpu_ns, :token, :object, :flags, :holdout)";
	int64_t operator_id;
	struct stmt *q = NULL;
	int rc = find_operator(&operator_id, a, r->program, e);

	if (rc == 0)
		rc = db_stmt(&q, a->db, sql, e);
	if (rc < 0)
		return rc;
	put_origin(q, r->program, operator_id, r->duplicate_level ? r->duplicate_of : 0);
	put_outcome(q, a, r->program);
	rc = stmt_run(q, e);
	stmt_done(q);
	if (rc == 0)
		*id = db_last_id(a->db);
	return rc;
}

static int insert_packed(struct archive *a, enum codec_kind kind, int64_t program,
	const void *bytes, size_t size, struct err *e)
{
	struct stmt *q = NULL;
	int64_t dictionary;
	void *packed = NULL;
	size_t packed_size;
	int rc = dictionary_start(a, kind, bytes, size, e);

	if (rc == 0)
		rc = codec_pack(&packed, &packed_size, &dictionary, a->codec, kind, bytes, size, e);
	if (rc == 0)
		rc = db_stmt(&q, a->db, kind == CODEC_SOURCE
			? "INSERT INTO source VALUES (:program, :raw_bytes, :dictionary, :bytes)"
			: "INSERT INTO image VALUES (:program, :raw_bytes, :dictionary, :bytes)", e);
	if (rc == 0) {
		stmt_put_i64(q, ":program", program);
		stmt_put_i64(q, ":raw_bytes", (int64_t)size);
		stmt_put_id(q, ":dictionary", dictionary);
		stmt_put_blob(q, ":bytes", packed, packed_size);
		rc = stmt_run(q, e);
	}
	stmt_done(q);
	free(packed);
	return rc;
}

static int insert_all(int64_t *id, struct archive *a, const struct archive_result *r, struct err *e)
{
	const struct archive_program *p = r->program;
	int rc = insert_program(id, a, r, e);

	if (rc == 0 && p->source)
		rc = insert_packed(a, CODEC_SOURCE, *id, p->source, p->source_bytes, e);
	if (rc == 0 && r->image_bytes > 0)
		rc = insert_packed(a, CODEC_IMAGE, *id, r->image, r->image_bytes, e);
	return rc;
}

/* ---- counters ---- */

static int count(struct archive *a, int kind, const char *name, int64_t wall_ns, int64_t cpu_ns,
	bool chosen, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db,
		"INSERT INTO counter VALUES (:kind, :name, 1, :wall_ns, :cpu_ns, :chosen) "
		"ON CONFLICT DO UPDATE SET count = count + 1, wall_ns = wall_ns + excluded.wall_ns, "
		"cpu_ns = cpu_ns + excluded.cpu_ns, chosen = chosen + excluded.chosen", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":kind", kind);
	stmt_put_text(q, ":name", name);
	stmt_put_i64(q, ":wall_ns", wall_ns);
	stmt_put_i64(q, ":cpu_ns", cpu_ns);
	stmt_put_i64(q, ":chosen", chosen);
	rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

static int count_all(struct archive *a, const struct archive_result *r, struct err *e)
{
	const struct archive_program *p = r->program;
	char name[256];
	int rc = count(a, COUNTER_VERDICT, p->verdict, p->wall_ns, p->cpu_ns, false, e);

	for (int i = 0; rc == 0 && i < r->stage_count; i++) {
		const struct archive_stage_cost *s = &r->stages[i];

		rc = count(a, COUNTER_STAGE, s->stage, s->wall_ns, s->cpu_ns, s->rejected, e);
	}
	if (rc < 0 || !p->mutator)
		return rc;
	snprintf(name, sizeof(name), "%s/%s", p->mutator, p->operation ? p->operation : "");
	return count(a, COUNTER_OPERATOR, name, p->wall_ns, p->cpu_ns, r->takes_cell, e);
}

static int count_repeat(struct archive *a, const struct archive_result *r, struct err *e)
{
	struct stmt *q = NULL;
	int rc;

	if (!r->duplicate_level || r->duplicate_of <= 0)
		return 0;
	rc = db_stmt(&q, a->db, "INSERT INTO repeat VALUES (:program, :level, 1) "
		"ON CONFLICT DO UPDATE SET count = count + 1", e);
	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":program", r->duplicate_of);
	stmt_put_text(q, ":level", r->duplicate_level);
	rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

/* ---- the map ---- */

/* The fitness of proposal 0, NaN while there is none. */
static int seed_fitness(double *out, struct archive *a, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "SELECT p.fitness AS fitness FROM tally t "
		"LEFT JOIN program p ON p.id = t.seed", e);

	if (rc == 0)
		rc = stmt_step(q, e);
	if (rc == 1)
		*out = stmt_double(q, "fitness");
	stmt_done(q);
	return rc < 0 ? rc : 0;
}

static double gain_of(const struct archive *a, double fitness, double seed)
{
	double gain = a->maximise ? fitness - seed : seed - fitness;

	return gain > 0 ? gain : 0;   /* 0 too when the seed's fitness is NaN */
}

/* The elite of a cell: 1 and its program and fitness, 0 when the cell is empty. */
static int find_elite(int64_t *program, double *fitness, struct archive *a, int64_t cell,
	struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "SELECT program, fitness FROM elite WHERE cell = :cell", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":cell", cell);
	rc = stmt_step(q, e);
	if (rc == 1) {
		*program = stmt_i64(q, "program");
		*fitness = stmt_double(q, "fitness");
	}
	stmt_done(q);
	return rc;
}

static int put_elite(struct archive *a, int64_t cell, int64_t program, double fitness,
	struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "INSERT INTO elite VALUES (:cell, :program, :fitness) ON CONFLICT "
		"DO UPDATE SET program = excluded.program, fitness = excluded.fitness", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":cell", cell);
	stmt_put_i64(q, ":program", program);
	stmt_put_double(q, ":fitness", fitness);
	rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

static int put_history(struct archive *a, int64_t cell, int64_t program, double fitness,
	const char *why, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "INSERT INTO history (cell, program, fitness, elapsed_ns, why) "
		"SELECT :cell, :program, :fitness, elapsed_ns, :why FROM tally", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":cell", cell);
	stmt_put_i64(q, ":program", program);
	stmt_put_double(q, ":fitness", fitness);
	stmt_put_text(q, ":why", why);
	rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

static int put_map(struct archive *a, const struct map_change *c, struct err *e)
{
	struct stmt *q = NULL;
	/* Of equal ones the older is the best. */
	int rc = db_stmt(&q, a->db, a->maximise
		? "UPDATE tally SET cells_filled = cells_filled + :filled, qd_score = qd_score + :gain, "
		  "best = (SELECT program FROM elite ORDER BY fitness DESC, program LIMIT 1)"
		: "UPDATE tally SET cells_filled = cells_filled + :filled, qd_score = qd_score + :gain, "
		  "best = (SELECT program FROM elite ORDER BY fitness, program LIMIT 1)", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":filled", c->filled);
	stmt_put_double(q, ":gain", c->gain);
	rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

static int put_progress(struct archive *a, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db,
		"INSERT INTO progress (evaluations, elapsed_ns, best, qd_score, cells_filled) "
		"SELECT t.evaluations, t.elapsed_ns, p.fitness, t.qd_score, t.cells_filled "
		"FROM tally t LEFT JOIN program p ON p.id = t.best", e);

	if (rc == 0)
		rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

static int take_cell(enum archive_add *added, struct archive *a, const struct archive_program *p,
	int64_t id, struct err *e)
{
	struct map_change change = { 0 };
	double old_fitness = NAN, seed = NAN;
	int64_t old;
	int found = find_elite(&old, &old_fitness, a, p->cell, e);
	int rc = found < 0 ? found : seed_fitness(&seed, a, e);

	if (rc == 0)
		rc = put_elite(a, p->cell, id, p->fitness, e);
	if (rc == 0)
		rc = put_history(a, p->cell, id, p->fitness, found ? "improved" : "new", e);
	if (rc < 0)
		return rc;
	change.filled = !found;
	change.gain = gain_of(a, p->fitness, seed) - (found ? gain_of(a, old_fitness, seed) : 0);
	rc = put_map(a, &change, e);
	if (rc == 0)
		rc = put_progress(a, e);
	*added = found ? ARCHIVE_IMPROVED : ARCHIVE_NEW;
	return rc;
}

int store_recount(struct archive *a, struct err *e)
{
	double seed = NAN, score = 0;
	struct stmt *q = NULL;
	int64_t filled = 0;
	int rc = db_begin(a->db, e);

	if (rc < 0)
		return rc;
	rc = seed_fitness(&seed, a, e);
	if (rc == 0)
		rc = db_stmt(&q, a->db, "SELECT fitness FROM elite ORDER BY cell", e);
	while (rc == 0 && (rc = stmt_step(q, e)) == 1) {
		score += gain_of(a, stmt_double(q, "fitness"), seed);
		filled++;
		rc = 0;
	}
	stmt_done(q);
	if (rc == 0)
		rc = db_stmt(&q, a->db, "UPDATE tally SET qd_score = :score, cells_filled = :filled", e);
	if (rc == 0) {
		stmt_put_double(q, ":score", score);
		stmt_put_i64(q, ":filled", filled);
		rc = stmt_run(q, e);
		stmt_done(q);
	}
	if (rc == 0)
		rc = put_map(a, &(struct map_change){ 0 }, e);
	return db_end(a->db, rc, e);
}

/* ---- one result ---- */

/* A result settles its queue row once: one that comes twice changes nothing. */
static int settle_queue(struct archive *a, int64_t queue_id, struct err *e)
{
	struct stmt *q = NULL;
	int rc;

	if (queue_id <= 0)
		return 0;
	rc = db_stmt(&q, a->db, "DELETE FROM queue WHERE id = :id RETURNING id", e);
	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":id", queue_id);
	rc = stmt_step(q, e);
	if (rc == 1)
		rc = stmt_run(q, e);
	else if (rc == 0)
		rc = err_set(e, ERR_MISSING, "queue row %lld was settled before", (long long)queue_id);
	stmt_done(q);
	return rc;
}

static int update_tally(struct archive *a, const struct archive_result *r, int64_t id,
	struct err *e)
{
	bool token = text_equal(r->duplicate_level, "token");
	bool object = text_equal(r->duplicate_level, "object");
	bool seed = id > 0 && r->program->proposal == 0;
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db,
		"UPDATE tally SET evaluations = evaluations + :evaluated, programs = programs + :stored, "
		"duplicates_token = duplicates_token + :token, "
		"duplicates_object = duplicates_object + :object, "
		"spared_cpu_ns = spared_cpu_ns + :spared, clamped = clamped + :clamped, "
		"seed = coalesce(seed, :seed), proposal_next = max(proposal_next, :proposal + 1), "
		"elapsed_ns = max(elapsed_ns, :elapsed)", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":evaluated", !token && !object);
	stmt_put_i64(q, ":stored", id > 0);
	stmt_put_i64(q, ":token", token);
	stmt_put_i64(q, ":object", object);
	stmt_put_i64(q, ":spared", r->spared_cpu_ns);
	stmt_put_i64(q, ":clamped", r->clamped);
	stmt_put_id(q, ":seed", seed ? id : 0);
	stmt_put_i64(q, ":proposal", r->program->proposal);
	stmt_put_i64(q, ":elapsed", r->elapsed_ns);
	rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

static int commit_inside(int64_t *id, enum archive_add *added, struct archive *a,
	const struct archive_result *r, struct err *e)
{
	int rc = settle_queue(a, r->queue_id, e);

	if (rc == 0 && !text_equal(r->duplicate_level, "token"))
		rc = insert_all(id, a, r, e);
	if (rc == 0)
		rc = update_tally(a, r, *id, e);
	if (rc == 0)
		rc = count_all(a, r, e);
	if (rc == 0)
		rc = count_repeat(a, r, e);
	if (rc == 0 && r->takes_cell)
		rc = take_cell(added, a, r->program, *id, e);
	if (rc == 0 && r->event)
		rc = archive_event_add(a, r->event, r->event_text ? r->event_text : "", e);
	/* Programs are never deleted, so that the newest id counts them. */
	if (rc == 0 && *id > 0)
		rc = dictionary_grow(a, *id, e);
	return rc;
}

int store_commit(int64_t *id, enum archive_add *added, struct archive *a,
	const struct archive_result *r, struct err *e)
{
	enum archive_add map = ARCHIVE_NOT_ADDED;
	int64_t made = 0, dictionary = codec_newest(a->codec);
	int rc = check_result(a, r, e);

	if (rc == 0)
		rc = db_begin(a->db, e);
	if (rc < 0)
		return rc;
	rc = commit_inside(&made, &map, a, r, e);
	rc = db_end(a->db, rc, e);
	if (rc < 0) {
		codec_forget(a->codec, dictionary);
		return rc;
	}
	if (id)
		*id = made;
	if (added)
		*added = map;
	return 0;
}

/* ---- what is known later ---- */

/*
 * The cell that this program holds now: 1, or 0 when it is no elite, or ERR_MISSING when there is
 * no such program.
 */
static int held_cell(int64_t *cell, double *fitness, struct archive *a, int64_t id, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "SELECT p.cell AS cell, p.fitness AS fitness, "
		"e.program AS elite FROM program p LEFT JOIN elite e ON e.cell = p.cell "
		"AND e.program = p.id WHERE p.id = :id", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":id", id);
	rc = stmt_step(q, e);
	if (rc == 0)
		rc = err_set(e, ERR_MISSING, "there is no program %lld", (long long)id);
	if (rc == 1) {
		*cell = stmt_i64(q, "cell");
		*fitness = stmt_double(q, "fitness");
		rc = !stmt_is_null(q, "elite");
	}
	stmt_done(q);
	return rc;
}

static int update_score(struct archive *a, int64_t id, double fitness, double low, double high,
	const char *metrics, int64_t pairs, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "UPDATE program SET fitness = :fitness, fitness_low = :low, "
		"fitness_high = :high, metrics = coalesce(:metrics, metrics), pairs = :pairs "
		"WHERE id = :id AND verdict = 'ok' RETURNING id", e);

	if (rc < 0)
		return rc;
	stmt_put_double(q, ":fitness", fitness);
	stmt_put_double(q, ":low", low);
	stmt_put_double(q, ":high", high);
	stmt_put_text(q, ":metrics", metrics);
	stmt_put_i64(q, ":pairs", pairs);
	stmt_put_i64(q, ":id", id);
	rc = stmt_step(q, e);
	if (rc == 0)
		rc = err_set(e, ERR_ARGS, "program %lld has no score to replace", (long long)id);
	if (rc == 1)
		rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

int store_rescore(struct archive *a, int64_t id, double fitness, double low, double high,
	const char *metrics, int64_t pairs, struct err *e)
{
	double old;
	int64_t cell;
	int rc, elite;

	if (!isfinite(fitness))
		return err_set(e, ERR_FORMAT, "a fitness that is no finite number");
	rc = db_begin(a->db, e);
	if (rc < 0)
		return rc;
	elite = held_cell(&cell, &old, a, id, e);
	rc = elite < 0 ? elite : update_score(a, id, fitness, low, high, metrics, pairs, e);
	if (rc == 0 && elite)
		rc = put_elite(a, cell, id, fitness, e);
	if (rc == 0 && elite)
		rc = put_history(a, cell, id, fitness, "rescored", e);
	/* The seed's new score moves every distance to it. */
	if (rc == 0)
		rc = store_recount(a, e);
	if (rc == 0)
		rc = put_progress(a, e);
	return db_end(a->db, rc, e);
}

static int remove_elite(struct archive *a, int64_t cell, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "DELETE FROM elite WHERE cell = :cell", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":cell", cell);
	rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

int store_demote(struct archive *a, int64_t id, const char *why, struct err *e)
{
	double fitness;
	int64_t cell;
	int rc = db_begin(a->db, e);

	if (rc < 0)
		return rc;
	rc = held_cell(&cell, &fitness, a, id, e);
	if (rc == 0)
		rc = err_set(e, ERR_MISSING, "program %lld holds no cell", (long long)id);
	if (rc == 1)
		rc = remove_elite(a, cell, e);
	if (rc == 0)
		rc = put_history(a, cell, id, fitness, why, e);
	if (rc == 0)
		rc = store_recount(a, e);
	if (rc == 0)
		rc = put_progress(a, e);
	return db_end(a->db, rc, e);
}

int store_holdout(struct archive *a, int64_t id, const char *json, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db,
		"UPDATE program SET holdout = :json WHERE id = :id RETURNING id", e);

	if (rc < 0)
		return rc;
	stmt_put_text(q, ":json", json);
	stmt_put_i64(q, ":id", id);
	rc = stmt_step(q, e);
	if (rc == 0)
		rc = err_set(e, ERR_MISSING, "there is no program %lld", (long long)id);
	if (rc == 1)
		rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}
