#include "orchestrator/settle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "orchestrator/candidate.h"
#include "orchestrator/hook.h"
#include "orchestrator/search.h"

double settle_fitness(const struct candidate *c)
{
	return c->metrics[c->search->manifest->fitness_index];
}

static char *metrics_text(const struct candidate *c)
{
	const struct manifest *m = c->search->manifest;
	cJSON *object = cJSON_CreateObject();
	char *text;

	for (int i = 0; i < m->metric_count; i++)
		if (isfinite(c->metrics[i]))
			json_put_double(object, m->metrics[i].name, c->metrics[i]);
	for (int i = 0; i < c->class_count && m->classes[i] != NULL; i++) {
		char *key = text_format("ratio at %s", m->classes[i]);

		json_put_double(object, key, c->class_ratio[i]);
		free(key);
	}
	text = json_text(object);
	cJSON_Delete(object);
	return text;
}

/* The program's public name: of its text and genes, unkeyed, so that the same program has the same name in every campaign. */
static struct hash program_name(const struct candidate *c)
{
	char *both = text_format("%s\n%s", c->flags_json, c->made.source);
	struct hash h = hash_plain(both, strlen(both));

	free(both);
	return h;
}

static void program_fill(struct archive_program *p, const struct candidate *c, enum verdict verdict, const char *reason)
{
	bool ok = verdict == VERDICT_OK;

	*p = (struct archive_program){
		.name = program_name(c), .proposal = c->proposal,
		.source = c->made.source, .source_bytes = c->made.source_bytes, .flags = c->flags_json,
		.token = c->token, .object = c->object, .has_object = c->has_object,
		.mutator = c->mutator, .operation = (char *)c->made.operation,
		.parent_count = c->parent_count, .depth = c->depth,
		.verdict = (char *)verdict_rows[verdict].name, .reason = (char *)reason,
		.fitness = ok ? settle_fitness(c) : NAN,
		.fitness_low = ok ? c->low : NAN, .fitness_high = ok ? c->high : NAN,
		.cell = ok ? c->cell : -1, .code_bytes = c->code_bytes,
		.created_s = clock_calendar_s(), .wall_ns = c->wall_ns, .cpu_ns = c->cpu_ns, .pairs = c->pairs,
	};
	memcpy(p->parents, c->parents, sizeof p->parents);
	for (int i = 0; i < GRID_AXES_MAX; i++)
		p->features[i] = ok && i < c->search->grid.axis_count ? c->features[i] : NAN;
}

static void result_fill(struct archive_result *r, const struct archive_program *p, const struct candidate *c, bool takes, const char *rejected_by)
{
	*r = (struct archive_result){
		.program = p, .takes_cell = takes, .clamped = takes ? c->clamped : 0,
		.queue_id = c->queue_id, .elapsed_ns = search_elapsed_ns(c->search),
	};
	if (c->has_object && c->image != NULL) {
		r->image = c->image;
		r->image_bytes = c->image_bytes;
	}
	for (int i = 0; i < c->cost_count && r->stage_count < ARCHIVE_STAGES_MAX; i++)
		r->stages[r->stage_count++] = (struct archive_stage_cost){
			.stage = c->costs[i].stage, .wall_ns = c->costs[i].wall_ns, .cpu_ns = c->costs[i].cpu_ns,
			.rejected = rejected_by != NULL && i == c->cost_count - 1,
		};
}

static void note_best(struct candidate *c, int64_t id, const struct hash *name)
{
	struct search *s = c->search;
	double f = settle_fitness(c);
	char low_high[64] = "";

	if (s->best_id != 0 && !manifest_better(s->manifest, f, s->best))
		return;
	bool first = s->best_id == 0;

	s->best = f;
	s->best_low = c->low;
	s->best_high = c->high;
	s->best_id = id;
	hash_hex(s->best_name, name);
	if (first)
		return;
	if (c->low < c->high)
		snprintf(low_high, sizeof low_high, " [%.4g, %.4g]", c->low, c->high);
	progress_line(s->progress, "new best %.12s: %s %.6g%s %s  (%s)", s->best_name, s->manifest->fitness, f, low_high,
		s->manifest->metrics[s->manifest->fitness_index].unit, c->made.operation);
	hook_best(s, c, f);
}

/*
 * A commit's own cost is known only after it: it is booked with the next one. The queue's row before it, which is as dear, is not in it.
 */
static int commit(int64_t *id, enum archive_add *added, struct search *s, struct archive_result *r, struct err *e)
{
	int64_t began = clock_now_ns();
	int rc;

	if (s->commit_ns > 0 && r->stage_count < ARCHIVE_STAGES_MAX) {
		r->stages[r->stage_count++] = (struct archive_stage_cost){ .stage = cascade_rows[CASCADE_COMMIT].name, .wall_ns = s->commit_ns };
		s->commit_ns = 0;
	}
	rc = archive_commit(id, added, s->archive, r, e);
	s->commit_ns += clock_now_ns() - began;
	return rc;
}

int settle_verdict(struct candidate *c, enum verdict verdict, const char *reason, bool takes, struct err *e)
{
	struct search *s = c->search;
	struct archive_program p;
	struct archive_result r;
	enum archive_add added = ARCHIVE_NOT_ADDED;
	int64_t id = 0;
	int rc;

	program_fill(&p, c, verdict, reason);
	p.metrics = metrics_text(c);
	result_fill(&r, &p, c, takes, verdict == VERDICT_OK ? NULL : verdict_rows[verdict].stage);
	rc = commit(&id, &added, s, &r, e);
	free(p.metrics);
	if (rc < 0)
		return rc;
	s->evaluations++;
	s->fruitless = 0;
	s->verdicts[verdict]++;
	if (takes)
		elites_put(s->elites, c->cell, id, p.fitness, c->depth, c->made.source, c->made.source_bytes, c->flags_json);
	if (c->kind == CANDIDATE_SEED) {
		s->seed_id = id;
		s->seed_fitness = p.fitness;
	}
	if (verdict == VERDICT_OK && takes)
		note_best(c, id, &p.name);
	return 0;
}

int settle_duplicate(struct candidate *c, const char *level, int64_t of, struct err *e)
{
	struct search *s = c->search;
	struct archive_program p, twin = { 0 };
	struct archive_result r;
	enum archive_add added;
	int64_t id;
	int rc = 0;

	program_fill(&p, c, VERDICT_DUPLICATE, NULL);
	result_fill(&r, &p, c, false, level);
	r.duplicate_level = level;
	r.duplicate_of = of;
	r.image = NULL;
	r.image_bytes = 0;
	if (of != 0)
		rc = archive_program(&twin, s->archive, of, false, e);
	if (rc == 1)
		r.spared_cpu_ns = twin.cpu_ns > c->cpu_ns ? twin.cpu_ns - c->cpu_ns : 0;
	if (rc >= 0)
		rc = commit(&id, &added, s, &r, e);
	archive_program_release(&twin);
	if (rc < 0)
		return rc;
	s->duplicates++;
	s->fruitless++;
	s->verdicts[VERDICT_DUPLICATE]++;
	return 0;
}

int settle_take_best(struct search *s, struct err *e)
{
	struct archive_program p = { 0 };
	struct archive_totals t;
	int rc = archive_totals(&t, s->archive, e);

	if (rc >= 0 && t.best_id != 0)
		rc = archive_program(&p, s->archive, t.best_id, false, e);
	if (rc < 0)
		return rc;
	s->seed_fitness = t.seed_fitness;
	s->best_id = t.best_id;
	s->best = t.best_id != 0 ? t.best : NAN;
	s->best_low = t.best_id != 0 ? t.best_low : NAN;
	s->best_high = t.best_id != 0 ? t.best_high : NAN;
	s->best_name[0] = '\0';
	if (t.best_id != 0)
		hash_hex(s->best_name, &p.name);
	archive_program_release(&p);
	return 0;
}

/* Its cell falls empty. */
static int demote(struct candidate *c, enum verdict verdict, const char *reason, struct err *e)
{
	char *why = text_format("%s here%s%s", verdict_rows[verdict].name, reason != NULL ? ": " : "", reason != NULL ? reason : "");
	int rc = archive_demote(c->search->archive, c->retest_id, why, e);

	if (rc >= 0)
		elites_remove(c->search->elites, c->cell);
	free(why);
	return rc;
}

static int rescore(struct candidate *c, struct err *e)
{
	struct search *s = c->search;
	char *metrics = metrics_text(c);
	int rc = archive_rescore(s->archive, c->retest_id, settle_fitness(c), c->low, c->high, metrics, c->pairs, e);

	if (rc >= 0)
		elites_put(s->elites, c->cell, c->retest_id, settle_fitness(c), c->depth, c->made.source, c->made.source_bytes, c->flags_json);
	free(metrics);
	return rc;
}

int settle_retest(struct candidate *c, enum verdict verdict, const char *reason, struct err *e)
{
	int rc = verdict == VERDICT_OK ? rescore(c, e) : demote(c, verdict, reason, e);

	return rc < 0 ? rc : settle_take_best(c->search, e);
}
