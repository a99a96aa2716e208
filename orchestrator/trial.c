#include "orchestrator/trial.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/machine.h"
#include "evaluators/plugin.h"
#include "evaluators/rig.h"
#include "mutators/syntax.h"
#include "orchestrator/candidate.h"
#include "orchestrator/placing.h"
#include "orchestrator/proposer.h"

void trial_outcome_release(struct trial_outcome *o)
{
	free(o->reason);
	o->reason = NULL;
}

/* ---- opening ---- */

static int read_declarations(struct trial *t, struct err *e)
{
	const struct clade_evaluator *evaluator = NULL;
	cJSON *json = NULL;
	int rc = plugin_build(&t->briefing.plugin, t->campaign->problem_dir, e);

	if (rc == 0)
		rc = plugin_load(&evaluator, t->briefing.plugin, e);
	if (rc == 0) {
		json = manifest_to_json(evaluator);
		rc = manifest_from_json(&t->manifest, json, e);
	}
	cJSON_Delete(json);
	return rc;
}

int trial_open(struct trial *out, const struct campaign *c, const uint8_t key[32], struct err *e)
{
	int rc = syntax_ready(e);

	*out = (struct trial){ .campaign = c, .briefing = { .campaign = c } };
	if (rc == 0)
		rc = read_declarations(out, e);
	if (rc == 0)
		rc = briefing_orders(&out->briefing, out->manifest, key, e);
	if (rc == 0)
		rc = rig_open(&out->rig, &out->briefing.measure[0], NULL, e);
	if (rc < 0) {
		trial_close(out);
		return rc;
	}
	/* placing and screening only read it */
	out->search.campaign = (struct campaign *)(uintptr_t)c;
	out->search.manifest = out->manifest;
	proposer_domain(&out->search);
	placing_grid(&out->search.grid, out->manifest);
	out->machine = machine_fingerprint(rig_compiler_version(out->rig));
	return 0;
}

void trial_close(struct trial *t)
{
	rig_close(t->rig);
	briefing_release(&t->briefing);
	manifest_free(t->manifest);
	cJSON_Delete(t->machine);
	memset(t, 0, sizeof *t);
}

/* ---- the text ---- */

/* The function's name of a prototype: the word in front of the first parenthesis. */
static char *function_of(const char *prototype)
{
	const char *end = strchr(prototype, '('), *begin;

	if (!end)
		return NULL;
	while (end > prototype && isspace((unsigned char)end[-1]))
		end--;
	for (begin = end;
		begin > prototype && (isalnum((unsigned char)begin[-1]) || begin[-1] == '_');)
		begin--;
	return text_copy_n(begin, (size_t)(end - begin));
}

/*
 * By markers, or by the function that the campaign names; a file without either is taken by the
 * function that the problem asks for.
 */
static int find_region(
	struct region *out, const struct trial *t, const struct job_program *p, struct err *e)
{
	char *function;
	int rc = region_find(out, p->source, p->source_bytes, t->campaign->function, e);

	if (rc == 0 || t->campaign->function ||
		memmem(p->source, p->source_bytes, "EVOLVE-BLOCK", 12))
		return rc;
	function = function_of(t->manifest->functions[0]);
	rc = function ? region_find(out, p->source, p->source_bytes, function, e) : rc;
	free(function);
	return rc;
}

static void begin(struct trial_outcome *o)
{
	*o = (struct trial_outcome){ .verdict = VERDICT_OK,
		.low = NAN,
		.high = NAN,
		.cell = -1,
		.stage = cascade_rows[CASCADE_EDIT].name };
	for (int i = 0; i < CLADE_METRICS_MAX; i++)
		o->metrics[i] = NAN;
	for (int i = 0; i < CLADE_FEATURES_MAX; i++)
		o->features[i] = NAN;
}

int trial_screen(struct region *region, struct trial_outcome *out, struct trial *t,
	const struct job_program *p, struct err *e)
{
	struct err why = { 0 };

	(void)e;
	begin(out);
	if (find_region(region, t, p, &why) < 0)
		out->verdict = VERDICT_INVALID_EDIT;
	else if (syntax_allowed(p->source, p->source_bytes, *region, &t->search.domain, &why) < 0)
		out->verdict = VERDICT_FORBIDDEN;
	else
		return 0;
	out->reason = text_copy(why.text);
	return 1;
}

/* ---- the path ---- */

static void add_costs(struct trial_outcome *o, const struct job_cost *costs, int count)
{
	for (int i = 0; i < count; i++) {
		int stage = cascade_find(costs[i].stage);

		if (stage >= 0)
			o->stage = cascade_rows[stage].name;
		o->wall_ns += costs[i].wall_ns;
		o->cpu_ns += costs[i].cpu_ns;
	}
}

/* *image: a copy that the caller frees, NULL unless the verdict is ok. */
static int compile(struct frame_blob *image, struct trial_outcome *o, struct trial *t,
	const struct job_program *p, struct err *e)
{
	struct job_compile job = { .program = *p };
	struct job_compile_result r = { 0 };
	int rc = rig_compile(&r, t->rig, &job, e);

	if (rc < 0)
		return rc;
	o->stage = cascade_rows[CASCADE_COMPILE].name;
	add_costs(o, r.costs, r.cost_count);
	o->verdict = r.verdict;
	free(o->reason);
	o->reason = text_copy(r.reason);
	o->code_bytes = r.code_bytes;
	if (r.verdict == VERDICT_OK)
		*image = (struct frame_blob){ memory_copy(r.image.bytes, r.image.size),
			r.image.size };
	job_compile_result_release(&r);
	return 0;
}

static int compile_seed(
	struct frame_blob *image, struct trial *t, const struct job_program *seed, struct err *e)
{
	struct trial_outcome o;
	int rc;

	begin(&o);
	rc = compile(image, &o, t, seed, e);
	if (rc == 0 && o.verdict != VERDICT_OK)
		rc = err_set(e, ERR_ARGS, "the seed does not compile here: %s",
			o.reason ? o.reason : verdict_rows[o.verdict].name);
	trial_outcome_release(&o);
	return rc;
}

static int evaluate(struct trial_outcome *o, double *ratios, int *classes, struct trial *t,
	struct frame_blob image, struct frame_blob seed, enum clade_stream stream, struct err *e)
{
	struct job_evaluate job = { .image = image, .seed = seed, .stream = stream };
	struct job_evaluate_result r = { 0 };
	int rc = rig_evaluate(&r, t->rig, &job, e);

	if (rc < 0)
		return rc;
	add_costs(o, r.costs, r.cost_count);
	memcpy(o->metrics, r.metrics, sizeof o->metrics);
	memcpy(ratios, r.class_ratio, sizeof r.class_ratio);
	*classes = r.class_count;
	o->verdict = r.verdict;
	free(o->reason);
	o->reason = text_copy(r.reason);
	o->pairs += r.pairs;
	if (!t->manifest->timed)
		o->low = o->high = o->metrics[t->manifest->fitness_index];
	job_evaluate_result_release(&r);
	return 0;
}

/*
 * The number that is shown: an independent measurement against the seed on fresh layouts of both.
 */
static int report(struct trial_outcome *o, double *ratios, struct trial *t,
	const struct job_program *p, const struct job_program *seed, enum clade_stream stream,
	struct err *e)
{
	struct job_duel job = {
		.challenger = *p,
		.seed = *seed,
		.layouts = (int)t->campaign->layouts,
		.pairs = (int)t->campaign->pairs,
		.delta_min = log1p(t->campaign->delta_min),
		.stream = stream,
	};
	struct job_duel_result r = { 0 };
	int rc = rig_duel(&r, t->rig, &job, e);

	if (rc < 0)
		return rc;
	add_costs(o, r.costs, r.cost_count);
	o->stage = cascade_rows[CASCADE_DUEL].name;
	o->metrics[t->manifest->fitness_index] = r.report;
	o->low = r.report_low;
	o->high = r.report_high;
	memcpy(ratios, r.class_ratio, sizeof r.class_ratio);
	o->verdict = r.verdict;
	free(o->reason);
	o->reason = text_copy(r.reason);
	o->pairs += r.pairs;
	job_duel_result_release(&r);
	return 0;
}

/* The campaign's own placing, on a candidate that holds just what it reads. */
static int place(struct trial_outcome *o, const double *ratios, int classes, struct trial *t,
	const struct job_program *p, const struct region *region, struct err *e)
{
	struct candidate c = { .search = &t->search,
		.code_bytes = o->code_bytes,
		.class_count = classes,
		.cell = -1 };
	char reason[256] = "";
	enum verdict verdict = VERDICT_OK;
	int rc;

	t->search.seed_text = (char *)(uintptr_t)p->source;
	t->search.seed_bytes = p->source_bytes;
	t->search.region = *region;
	c.made.source = t->search.seed_text;
	c.made.source_bytes = p->source_bytes;
	memcpy(c.metrics, o->metrics, sizeof c.metrics);
	memcpy(c.class_ratio, ratios, sizeof c.class_ratio);
	rc = placing_cell(&verdict, reason, &c, e);
	t->search.seed_text = NULL;
	if (rc < 0)
		return rc;
	memcpy(o->features, c.features, sizeof o->features);
	o->cell = c.cell;
	if (rc == 1) {
		o->verdict = verdict;
		free(o->reason);
		o->reason = text_copy(reason);
	}
	return 0;
}

int trial_run(struct trial_outcome *out, struct trial *t, const struct job_program *p,
	const struct job_program *seed, const struct region *region, enum clade_stream stream,
	struct err *e)
{
	struct frame_blob image = { 0 }, seed_image = { 0 };
	double ratios[CLADE_CLASSES_MAX] = { 0 };
	int classes = 0, rc;

	begin(out);
	rc = compile(&image, out, t, p, e);
	if (rc == 0 && out->verdict == VERDICT_OK && t->manifest->timed)
		rc = compile_seed(&seed_image, t, seed, e);
	if (rc == 0 && out->verdict == VERDICT_OK)
		rc = evaluate(out, ratios, &classes, t, image, seed_image, stream, e);
	if (rc == 0 && out->verdict == VERDICT_OK && t->manifest->timed)
		rc = report(out, ratios, t, p, seed, stream, e);
	if (rc == 0 && out->verdict == VERDICT_OK && region)
		rc = place(out, ratios, classes, t, p, region, e);
	free((void *)(uintptr_t)image.bytes);
	free((void *)(uintptr_t)seed_image.bytes);
	if (rc < 0)
		trial_outcome_release(out);
	return rc;
}

double trial_fitness(const struct trial *t, const struct trial_outcome *o)
{
	return o->metrics[t->manifest->fitness_index];
}
