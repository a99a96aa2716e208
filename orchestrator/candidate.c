#include "orchestrator/candidate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "orchestrator/parcel.h"
#include "orchestrator/placing.h"
#include "orchestrator/screen.h"
#include "orchestrator/search.h"
#include "orchestrator/settle.h"

#define CANDIDATE_LOSSES_MAX 2       /* workers that one candidate may take with it */
#define CANDIDATE_LOSSES_IN_A_ROW 12 /* without one answer between them: it is not the candidates */
#define CANDIDATE_ERRORS_MAX 2       /* failures of ours before the campaign stops */
#define CANDIDATE_REMATCHES_MAX 3    /* duels when the incumbent was replaced meanwhile */
#define CANDIDATE_TUNE_CROSSINGS 400 /* Levenberg-Marquardt needs 26-321 evaluations for up to 8 constants (mutation note, 4) */

static void ask_compile(struct candidate *c, bool tuning);
static void ask_evaluate(struct candidate *c);
static void ask_duel(struct candidate *c);
static void ask_tune(struct candidate *c);

/* ---- life ---- */

struct candidate *candidate_new(struct search *s, enum candidate_kind kind, int64_t proposal, struct mutator_proposal *made, const char *mutator)
{
	struct candidate *c = memory_alloc(sizeof *c);

	c->search = s;
	c->kind = kind;
	c->proposal = proposal;
	c->made = *made;
	memset(made, 0, sizeof *made);
	c->mutator = text_copy(mutator);
	c->flags_json = parcel_flags_text(c->made.flags);
	c->cell = -1;
	c->low = c->high = NAN;
	for (int i = 0; i < CLADE_METRICS_MAX; i++)
		c->metrics[i] = NAN;
	for (int i = 0; i < CLADE_FEATURES_MAX; i++)
		c->features[i] = NAN;
	return c;
}

void candidate_free(struct candidate *c)
{
	if (c == NULL)
		return;
	mutator_proposal_release(&c->made);
	free(c->mutator);
	free(c->flags_json);
	free(c->image);
	free(c);
}

static void candidate_leave(struct candidate *c)
{
	struct search *s = c->search;

	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		s->in_flight = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	s->in_flight_count--;
	candidate_free(c);
}

void candidate_abandon(struct candidate *c)
{
	candidate_leave(c);
}

void candidate_cost(struct candidate *c, const char *stage, int64_t wall_ns, int64_t cpu_ns)
{
	c->wall_ns += wall_ns;
	c->cpu_ns += cpu_ns;
	for (int i = 0; i < c->cost_count; i++)
		if (text_equal(c->costs[i].stage, stage) && i == c->cost_count - 1) {
			c->costs[i].wall_ns += wall_ns;
			c->costs[i].cpu_ns += cpu_ns;
			return;
		}
	if (c->cost_count < CANDIDATE_COSTS_MAX)
		c->costs[c->cost_count++] = (struct job_cost){ .stage = stage, .wall_ns = wall_ns, .cpu_ns = cpu_ns };
}

/* Stage names from a frame are borrowed from it: keep the table's. */
static void take_costs(struct candidate *c, const struct job_cost *costs, int count)
{
	for (int i = 0; i < count; i++) {
		int stage = cascade_find(costs[i].stage);

		if (stage >= 0)
			candidate_cost(c, cascade_rows[stage].name, costs[i].wall_ns, costs[i].cpu_ns);
	}
}

/* ---- ends ---- */

static void finish(struct candidate *c, enum verdict verdict, const char *reason, bool takes)
{
	struct err e = { 0 };
	int rc;

	if (c->seed_image_only) {
		/* Nothing can be timed against it, and what it was built into elsewhere is no substitute. */
		search_fail(c->search, "the frozen seed cannot be built here: %s%s%s", verdict_rows[verdict].name,
			reason != NULL ? ": " : "", reason != NULL ? reason : "");
		candidate_leave(c);
		return;
	}
	rc = c->kind == CANDIDATE_RETEST ? settle_retest(c, verdict, reason, &e) : settle_verdict(c, verdict, reason, takes, &e);
	if (rc < 0)
		search_fail(c->search, "%s", e.text);
	if (c->kind == CANDIDATE_SEED && verdict != VERDICT_OK) {
		c->search->seed_refused = true;
		search_fail(c->search, "the seed does not pass its own evaluator: %s%s%s", verdict_rows[verdict].name,
			reason != NULL ? ": " : "", reason != NULL ? reason : "");
	}
	candidate_leave(c);
}

static void finish_duplicate(struct candidate *c, const char *level, int64_t of)
{
	struct err e = { 0 };

	if (settle_duplicate(c, level, of, &e) < 0)
		search_fail(c->search, "%s", e.text);
	candidate_leave(c);
}

static void fail(struct candidate *c, const struct err *e)
{
	search_fail(c->search, "%s", e->text);
	candidate_leave(c);
}

static bool stopping(const struct candidate *c)
{
	return c->search->phase >= SEARCH_DRAINING && c->kind == CANDIDATE_CHILD;
}

/* A worker was lost, or a failure of ours was reported: once more, elsewhere. True: the candidate goes on or has ended here. */
static void ask_again(struct candidate *c)
{
	switch (c->job) {
	case JOB_COMPILE: ask_compile(c, c->tuning); break;
	case JOB_EVALUATE: ask_evaluate(c); break;
	case JOB_DUEL: ask_duel(c); break;
	case JOB_TUNE: ask_tune(c); break;
	}
}

/* Which count of losses its job belongs to. */
static int *losses_of(struct candidate *c)
{
	return &c->search->losses[c->job == JOB_COMPILE];
}

static void lost(struct candidate *c)
{
	struct err e = { 0 };

	if (c->queue_id != 0 && archive_queue_tried(c->search->archive, c->queue_id, &e) < 0) {
		fail(c, &e);
	} else if (++*losses_of(c) >= CANDIDATE_LOSSES_IN_A_ROW) {
		err_set(&e, ERR_CHILD, "%d jobs in a row were lost with their workers, whatever the candidate: the evaluator or "
			"this machine fails; see what the workers said above", *losses_of(c));
		fail(c, &e);
	} else if (++c->tries >= CANDIDATE_LOSSES_MAX && c->kind != CANDIDATE_CHILD) {
		/* no verdict on the user's seed or on an honest elite for what may be a killed worker: a resume tries again */
		err_set(&e, ERR_CHILD, "two workers died on %s; if nobody killed them, its evaluator crashes",
			c->kind == CANDIDATE_SEED ? "the seed" : "an elite that is measured again");
		fail(c, &e);
	} else if (c->tries >= CANDIDATE_LOSSES_MAX) {
		finish(c, VERDICT_QUARANTINED, "two workers died on it", false);
	} else if (stopping(c)) {
		candidate_leave(c);
	} else {
		ask_again(c);
	}
}

static void our_failure(struct candidate *c, const char *text)
{
	if (++c->errors >= CANDIDATE_ERRORS_MAX) {
		search_fail(c->search, "%s failed twice: %s", job_kind_name(c->job), text);
		candidate_leave(c);
	} else {
		progress_line(c->search->progress, "warning: %s: %s; trying once more", job_kind_name(c->job), text);
		ask_again(c);
	}
}

/* True when the outcome was no answer and has been dealt with. */
static bool no_answer(struct candidate *c, enum pool_outcome outcome, const char *error)
{
	if (outcome == POOL_LOST)
		lost(c);
	else if (outcome == POOL_ERROR)
		our_failure(c, error);
	else if (outcome == POOL_RECALLED && stopping(c))
		candidate_leave(c);
	else if (outcome == POOL_RECALLED)
		ask_again(c);
	if (outcome == POOL_DONE)
		*losses_of(c) = c->tries = 0;      /* a finished stage clears it of the losses before */
	return outcome != POOL_DONE;
}

/* ---- asking ---- */

static void submit(struct candidate *c, enum pool_slot slot, int64_t id, struct buffer *b, pool_done_fn *done)
{
	size_t size = b->size;

	pool_submit(c->search->pool, slot, id, buffer_take(b), size, done, c);
	buffer_release(b);
}

static struct job_program as_program(const char *source, size_t bytes, char *const *flags)
{
	struct job_program p = { .source = source, .source_bytes = bytes };

	for (int i = 0; flags != NULL && flags[i] != NULL && i < JOB_FLAGS_MAX; i++)
		p.flags[i] = flags[i];
	return p;
}

static void on_tuned(void *context, enum pool_outcome outcome, const struct frame *f, const char *error);
static void on_compiled(void *context, enum pool_outcome outcome, const struct frame *f, const char *error);
static void on_evaluated(void *context, enum pool_outcome outcome, const struct frame *f, const char *error);
static void on_dueled(void *context, enum pool_outcome outcome, const struct frame *f, const char *error);
static void enter_screen(struct candidate *c);

static void ask_compile(struct candidate *c, bool tuning)
{
	const char *text = tuning ? c->made.tunable : c->made.source;
	struct job_compile j = {
		.program = as_program(text, strlen(text), c->made.flags),
		.constants = tuning ? c->made.constant_count : 0,
	};
	int64_t id = ++c->search->next_job;
	struct err e = { 0 };
	struct buffer b;

	c->job = JOB_COMPILE;
	c->tuning = tuning;
	buffer_init(&b, FRAME_BYTES_MAX);
	if (job_compile_encode(&b, id, &j, &e) < 0) {
		buffer_release(&b);
		fail(c, &e);
		return;
	}
	submit(c, POOL_COMPILE, id, &b, on_compiled);
}

static void ask_tune(struct candidate *c)
{
	struct job_tune j = {
		.image = { c->image, c->image_bytes }, .constant_count = c->made.constant_count,
		.crossings_max = CANDIDATE_TUNE_CROSSINGS,
	};
	int64_t id = ++c->search->next_job;
	struct err e = { 0 };
	struct buffer b;

	c->job = JOB_TUNE;
	memcpy(j.constants, c->made.constants, sizeof j.constants);
	buffer_init(&b, FRAME_BYTES_MAX);
	if (job_tune_encode(&b, id, &j, &e) < 0) {
		buffer_release(&b);
		fail(c, &e);
		return;
	}
	submit(c, POOL_MEASURE, id, &b, on_tuned);
}

/* The image of the elite that it must not lose to; absent when there is none or it went with an older machine. */
static struct frame_blob rival_image(struct candidate *c, void **owned)
{
	const struct elite *rival = NULL;
	size_t size = 0;

	*owned = NULL;
	if (!c->search->manifest->timed || c->kind != CANDIDATE_CHILD)
		return (struct frame_blob){ 0 };
	placing_rival(&rival, c);
	if (rival == NULL || archive_image(owned, &size, c->search->archive, rival->id, NULL) < 0)
		return (struct frame_blob){ 0 };
	return (struct frame_blob){ *owned, size };
}

static void ask_evaluate(struct candidate *c)
{
	struct search *s = c->search;
	void *owned = NULL;
	struct job_evaluate j = { .image = { c->image, c->image_bytes }, .stream = CLADE_SEARCH };
	int64_t id = ++s->next_job;
	struct err e = { 0 };
	struct buffer b;
	int rc;

	c->job = JOB_EVALUATE;
	if (s->manifest->timed) {
		j.rival = rival_image(c, &owned);
		j.seed = c->kind == CANDIDATE_SEED ? j.image : (struct frame_blob){ s->seed_image, s->seed_image_bytes };
		j.delta_min = log1p(s->campaign->delta_min);
		j.floor = c->kind == CANDIDATE_CHILD && isfinite(s->best) ? s->campaign->floor * s->best : 0;
	}
	buffer_init(&b, FRAME_BYTES_MAX);
	rc = job_evaluate_encode(&b, id, &j, &e);
	free(owned);
	if (rc < 0) {
		buffer_release(&b);
		fail(c, &e);
		return;
	}
	submit(c, POOL_MEASURE, id, &b, on_evaluated);
}

static void ask_duel(struct candidate *c)
{
	struct search *s = c->search;
	const struct elite *incumbent = c->kind == CANDIDATE_CHILD ? elites_find(s->elites, c->cell) : NULL;
	char *genes[MUTATOR_FLAGS_MAX + 1] = { NULL };
	struct job_duel j = {
		.challenger = as_program(c->made.source, c->made.source_bytes, c->made.flags),
		.seed = as_program(s->seed_text, s->seed_bytes, NULL),
		.layouts = (int)s->campaign->layouts, .pairs = (int)s->campaign->pairs, .delta_min = log1p(s->campaign->delta_min),
	};
	int64_t id = ++s->next_job;
	struct err e = { 0 };
	struct buffer b;
	int rc;

	c->job = JOB_DUEL;
	c->incumbent = incumbent != NULL ? incumbent->id : 0;
	if (incumbent != NULL) {
		parcel_flags_read(genes, MUTATOR_FLAGS_MAX, incumbent->flags);
		j.incumbent = as_program(incumbent->source, incumbent->source_bytes, genes);
	}
	buffer_init(&b, FRAME_BYTES_MAX);
	rc = job_duel_encode(&b, id, &j, &e);
	for (int i = 0; genes[i] != NULL; i++)
		free(genes[i]);
	if (rc < 0) {
		buffer_release(&b);
		fail(c, &e);
		return;
	}
	submit(c, POOL_MEASURE, id, &b, on_dueled);
}

/* ---- answers ---- */

/* Fitted constants become literals of the text; then the text is screened as any other. */
static void on_tuned(void *context, enum pool_outcome outcome, const struct frame *f, const char *error)
{
	struct candidate *c = context;
	struct job_tune_result r = { 0 };
	struct err e = { 0 };
	char *source = NULL;

	if (no_answer(c, outcome, error))
		return;
	if (job_tune_result_decode(&r, f, &e) < 0) {
		fail(c, &e);
		return;
	}
	take_costs(c, r.costs, r.cost_count);
	if (r.verdict == VERDICT_OK && mutator_with_constants(&source, &c->made, r.constants, r.constant_count, NULL) == 0) {
		free(c->made.source);
		c->made.source = source;
		c->made.source_bytes = strlen(source);
	}
	job_tune_result_release(&r);
	enter_screen(c);
}

static void take_image(struct candidate *c, const struct job_compile_result *r)
{
	free(c->image);
	c->image = memory_copy(r->image.bytes, r->image.size);
	c->image_bytes = r->image.size;
	c->code_bytes = r->code_bytes;
}

/* An object that was seen brings its evaluation along: a program with fewer operations may still earn another cell. */
static void reuse(struct candidate *c, int64_t of)
{
	struct search *s = c->search;
	struct archive_program twin = { 0 };
	const struct elite *holder;
	enum verdict verdict;
	char reason[256];
	cJSON *metrics = NULL;
	struct err e = { 0 };
	int64_t twin_cell;
	bool ok;

	ok = archive_program(&twin, s->archive, of, false, &e) == 1 && text_equal(twin.verdict, "ok") && twin.metrics != NULL &&
		json_parse(&metrics, twin.metrics, strlen(twin.metrics), NULL) == 0 && !s->manifest->timed;
	twin_cell = twin.cell;
	for (int i = 0; ok && i < s->manifest->metric_count; i++)
		c->metrics[i] = json_double_or(metrics, s->manifest->metrics[i].name, NAN);
	c->low = twin.fitness_low;
	c->high = twin.fitness_high;
	cJSON_Delete(metrics);
	archive_program_release(&twin);
	if (ok && placing_cell(&verdict, reason, c, &e) == 0 && c->cell != twin_cell) {
		holder = elites_find(s->elites, c->cell);
		if (holder == NULL || manifest_better(s->manifest, settle_fitness(c), holder->fitness)) {
			finish(c, VERDICT_OK, NULL, true);
			return;
		}
	}
	finish_duplicate(c, "object", of);
}

static void enter_object_screen(struct candidate *c)
{
	struct err e = { 0 };
	int64_t of = 0;
	int64_t began = clock_now_ns();
	int rc = c->kind == CANDIDATE_RETEST ? 0 : screen_object(&of, c, &e);

	candidate_cost(c, cascade_rows[CASCADE_OBJECT].name, clock_now_ns() - began, 0);
	if (rc < 0)
		fail(c, &e);
	else if (rc == 1)
		reuse(c, of);
	else if (stopping(c))
		candidate_leave(c);
	else
		ask_evaluate(c);
}

/* A campaign resumed on another machine needs its frozen seed built here before anything is timed against it. */
static void keep_seed_image(struct candidate *c)
{
	struct search *s = c->search;

	free(s->seed_image);
	s->seed_image = memory_copy(c->image, c->image_bytes);
	s->seed_image_bytes = c->image_bytes;
	candidate_leave(c);
}

static void on_compiled(void *context, enum pool_outcome outcome, const struct frame *f, const char *error)
{
	struct candidate *c = context;
	struct job_compile_result r = { 0 };
	struct err e = { 0 };
	bool ok;

	if (no_answer(c, outcome, error))
		return;
	if (job_compile_result_decode(&r, f, &e) < 0) {
		fail(c, &e);
		return;
	}
	take_costs(c, r.costs, r.cost_count);
	ok = r.verdict == VERDICT_OK;
	if (ok)
		take_image(c, &r);
	if (ok && c->seed_image_only)
		keep_seed_image(c);
	else if (!ok && !c->tuning)
		finish(c, r.verdict, r.reason, false);
	else if (!ok)
		enter_screen(c);
	else if (c->tuning)
		ask_tune(c);
	else
		enter_object_screen(c);
	job_compile_result_release(&r);
}

static void place(struct candidate *c)
{
	struct search *s = c->search;
	const struct elite *holder;
	enum verdict verdict = VERDICT_OK;
	char reason[256] = "";
	struct err e = { 0 };
	int64_t held = c->cell;
	int rc = placing_cell(&verdict, reason, c, &e);

	if (c->kind == CANDIDATE_RETEST)
		c->cell = held;                   /* cells never move under an elite: it keeps its own or loses it */
	if (rc < 0) {
		fail(c, &e);
	} else if (rc == 1) {
		finish(c, verdict, reason, false);
	} else if (s->manifest->timed) {
		if (stopping(c))
			candidate_leave(c);
		else
			ask_duel(c);
	} else if (!isfinite(settle_fitness(c))) {
		finish(c, VERDICT_WRONG, "its fitness is not a number", false);
	} else {
		c->low = c->high = settle_fitness(c);
		holder = elites_find(s->elites, c->cell);
		finish(c, VERDICT_OK, NULL, holder == NULL || manifest_better(s->manifest, settle_fitness(c), holder->fitness));
	}
}

static void on_evaluated(void *context, enum pool_outcome outcome, const struct frame *f, const char *error)
{
	struct candidate *c = context;
	struct job_evaluate_result r = { 0 };
	struct err e = { 0 };

	if (no_answer(c, outcome, error))
		return;
	if (job_evaluate_result_decode(&r, f, &e) < 0) {
		fail(c, &e);
		return;
	}
	take_costs(c, r.costs, r.cost_count);
	memcpy(c->metrics, r.metrics, sizeof c->metrics);
	memcpy(c->class_ratio, r.class_ratio, sizeof c->class_ratio);
	c->class_count = r.class_count;
	c->pairs += r.pairs;
	if (c->kind == CANDIDATE_SEED && c->search->seed_image == NULL && c->search->manifest->timed) {
		c->search->seed_image = memory_copy(c->image, c->image_bytes);
		c->search->seed_image_bytes = c->image_bytes;
	}
	if (r.verdict == VERDICT_OK)
		place(c);
	else
		finish(c, r.verdict, r.reason, false);
	job_evaluate_result_release(&r);
}

/* The duel was fought against whoever held the cell when it was asked; a new holder must be met, too. */
static bool incumbent_changed(const struct candidate *c)
{
	const struct elite *now = elites_find(c->search->elites, c->cell);

	return c->kind == CANDIDATE_CHILD && (now != NULL ? now->id : 0) != c->incumbent;
}

static void on_dueled(void *context, enum pool_outcome outcome, const struct frame *f, const char *error)
{
	struct candidate *c = context;
	struct job_duel_result r = { 0 };
	struct err e = { 0 };

	if (no_answer(c, outcome, error))
		return;
	if (job_duel_result_decode(&r, f, &e) < 0) {
		fail(c, &e);
		return;
	}
	take_costs(c, r.costs, r.cost_count);
	c->pairs += r.pairs;
	if (r.verdict == VERDICT_OK) {
		c->metrics[c->search->manifest->fitness_index] = r.report;
		c->low = r.report_low;
		c->high = r.report_high;
		if (r.class_count > 0) {
			memcpy(c->class_ratio, r.class_ratio, sizeof c->class_ratio);
			c->class_count = r.class_count;
		}
	}
	if (r.verdict != VERDICT_OK)
		finish(c, r.verdict, r.reason, false);
	else if (incumbent_changed(c) && c->rematches++ < CANDIDATE_REMATCHES_MAX && !stopping(c))
		ask_duel(c);
	else
		finish(c, VERDICT_OK, NULL, !incumbent_changed(c));
	job_duel_result_release(&r);
}

/* ---- the way in ---- */

/* From here on it costs: note it, so that a kill loses nothing. False when it ended here. */
static bool enqueue(struct candidate *c)
{
	struct err e = { 0 };
	char *payload;
	int rc;

	if (c->kind != CANDIDATE_CHILD || c->queue_id != 0)
		return true;
	if (stopping(c)) {
		candidate_leave(c);
		return false;
	}
	payload = parcel_write(c);
	rc = archive_queue_add(&c->queue_id, c->search->archive, c->proposal, payload, &e);
	free(payload);
	if (rc < 0)
		fail(c, &e);
	return rc >= 0;
}

static void enter_screen(struct candidate *c)
{
	struct err e = { 0 };
	enum verdict verdict = VERDICT_OK;
	char reason[SCREEN_REASON_MAX];
	int64_t began = clock_now_ns(), cpu = clock_thread_cpu_ns();
	int64_t of = 0;
	int rc;

	if (c->kind == CANDIDATE_RETEST) {
		ask_compile(c, false);
		return;
	}
	rc = screen_text(&verdict, reason, c->search, c->made.source, c->made.source_bytes, &e);
	candidate_cost(c, cascade_rows[CASCADE_EDIT].name, clock_now_ns() - began, clock_thread_cpu_ns() - cpu);
	if (rc == 1) {
		finish(c, verdict, reason, false);
		return;
	}
	began = clock_now_ns();
	cpu = clock_thread_cpu_ns();
	if (rc == 0)
		rc = screen_token(&of, c, &e);
	candidate_cost(c, cascade_rows[CASCADE_TOKEN].name, clock_now_ns() - began, clock_thread_cpu_ns() - cpu);
	if (rc < 0)
		fail(c, &e);
	else if (rc == 1)
		finish_duplicate(c, "token", of);
	else if (enqueue(c))
		ask_compile(c, false);
}

void candidate_begin(struct candidate *c)
{
	struct search *s = c->search;

	c->next = s->in_flight;
	if (s->in_flight != NULL)
		s->in_flight->previous = c;
	s->in_flight = c;
	s->in_flight_count++;
	if (!c->made.tune)
		enter_screen(c);
	else if (enqueue(c))
		ask_compile(c, true);
}
