#include "orchestrator/engine.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "mutators/syntax.h"
#include "orchestrator/briefing.h"
#include "orchestrator/candidate.h"
#include "orchestrator/hook.h"
#include "orchestrator/opening.h"
#include "orchestrator/parcel.h"
#include "orchestrator/proposer.h"
#include "orchestrator/search.h"

#define ENGINE_TICK_MS 100
#define ENGINE_DRAWS_PER_TURN 64                 /* fruitless proposals in a row before the loop breathes */
#define ENGINE_FRUITLESS_MAX 50000               /* nothing new in so many proposals: the space is used up */
#define ENGINE_AHEAD 3                           /* candidates in flight per slot of either kind, so that no slot waits */

/*
 * One session:
 *
 *   describe (a worker tells the evaluator's declarations) → archive → workers → seed → [retest] → open → draining → over
 */
struct engine {
	struct search search;
	const struct engine_options *o;       /* borrowed */
	uv_loop_t loop;
	uv_timer_t tick;
	uv_signal_t on_int, on_term;
	struct briefing briefing;
	struct opening opening;
	struct archive_program *retest; int retest_count;  /* elites to be measured again, next one at retest_next */
	int retest_next;                                   /* -1: the frozen seed's image first */
	bool pool_closed, interrupted, recalled;
	int64_t limit_wall_ns, limit_evaluations;          /* totals over all sessions, 0: none */
	int64_t rate_at_ns, rate_evaluations;
	double rate;
};

/* ---- the session's work ---- */

static bool budget_spent(const struct engine *g)
{
	const struct search *s = &g->search;

	if (g->limit_evaluations > 0 && s->evaluations >= g->limit_evaluations)
		return true;
	return g->limit_wall_ns > 0 && search_elapsed_ns(s) >= g->limit_wall_ns;
}

/* Candidates on their way also count against a limit of evaluations. */
static bool room_for_more(const struct engine *g)
{
	const struct search *s = &g->search;
	int slots = pool_size(s->pool, POOL_MEASURE) + pool_size(s->pool, POOL_COMPILE);

	if (s->in_flight_count >= slots * ENGINE_AHEAD)
		return false;
	return g->limit_evaluations == 0 || s->evaluations + s->in_flight_count < g->limit_evaluations;
}

static void begin_seed(struct engine *g)
{
	struct search *s = &g->search;
	struct mutator_proposal made = { .source = text_copy_n(s->seed_text, s->seed_bytes), .source_bytes = s->seed_bytes };

	snprintf(made.operation, sizeof made.operation, "seed");
	s->phase = SEARCH_SEED;
	if (s->next_proposal == 0)
		s->next_proposal = 1;
	candidate_begin(candidate_new(s, CANDIDATE_SEED, 0, &made, "user"));
}

static void begin_retest(struct search *s, const struct archive_program *p, bool image_only)
{
	struct mutator_proposal made = { 0 };
	struct archive_program full = { 0 };
	struct candidate *c;
	struct err e = { 0 };

	if (archive_program(&full, s->archive, p->id, true, &e) < 0) {
		search_fail(s, "%s", e.text);
		return;
	}
	made.source = text_copy_n(full.source, full.source_bytes);
	made.source_bytes = full.source_bytes;
	parcel_flags_read(made.flags, MUTATOR_FLAGS_MAX, full.flags);
	c = candidate_new(s, CANDIDATE_RETEST, full.proposal, &made, full.mutator);
	c->retest_id = full.id;
	c->cell = full.cell;
	c->depth = full.depth;
	c->seed_image_only = image_only;
	archive_program_release(&full);
	candidate_begin(c);
}

static void end_retest(struct search *s)
{
	struct err e = { 0 };

	if (opening_retested(s, &e) < 0)
		search_fail(s, "%s", e.text);
	else
		s->phase = SEARCH_OPEN;
}

/* Elites of another machine: first the frozen seed's image, then one elite after the other. */
static void retest_turn(struct engine *g)
{
	struct search *s = &g->search;
	struct archive_program seed = { .id = s->seed_id };

	if (s->in_flight_count > 0)
		return;
	if (g->retest_next < 0) {
		g->retest_next = 0;
		if (s->manifest->timed)
			begin_retest(s, &seed, true);
		return;
	}
	if (g->retest_next < g->retest_count)
		begin_retest(s, &g->retest[g->retest_next++], false);
	else
		end_retest(s);
}

static int restore_queued(struct engine *g, struct err *e)
{
	struct search *s = &g->search;
	int rc = 0;

	for (int i = 0; i < g->opening.queued_count && rc == 0; i++) {
		const struct archive_queued *q = &g->opening.queued[i];
		struct candidate *c = NULL;

		rc = parcel_read(&c, s, q->id, q->proposal, q->tries, q->payload, e);
		if (rc == 0)
			candidate_begin(c);
	}
	opening_release(&g->opening);
	return rc;
}

static void propose(struct engine *g)
{
	struct search *s = &g->search;
	struct err e = { 0 };

	if (g->opening.queued_count > 0 && restore_queued(g, &e) < 0) {
		search_fail(s, "%s", e.text);
		return;
	}
	if (elites_count(s->elites) == 0 && s->in_flight_count == 0) {
		search_fail(s, "no program of this campaign passes its evaluator here, so there is nothing to evolve from");
		return;
	}
	for (int i = 0; i < ENGINE_DRAWS_PER_TURN && s->phase == SEARCH_OPEN && room_for_more(g); i++)
		if (proposer_next(s, &e) < 0) {
			search_fail(s, "%s", e.text);
			return;
		}
}

static void forecast(struct engine *g)
{
	struct search *s = &g->search;
	const struct clade_metric *m = &s->manifest->metrics[s->manifest->fitness_index];
	int64_t spent = clock_now_ns() - s->session_began_ns;
	int slots = pool_size(s->pool, POOL_MEASURE);
	double per_hour = 3600e9 / (double)(spent > 0 ? spent : 1) * slots;

	progress_line(s->progress, "seed: %s %.6g %s, evaluated in %.0f ms; forecast about %.0f evaluations an hour with %d measuring slot%s, duplicates not counted",
		m->name, s->seed_fitness, m->unit, (double)spent / 1e6, per_hour, slots, slots == 1 ? "" : "s");
}

static void leave_seed_phase(struct engine *g)
{
	struct search *s = &g->search;

	if (s->phase != SEARCH_SEED || s->seed_id == 0 || s->in_flight_count > 0)
		return;
	forecast(g);
	s->phase = SEARCH_OPEN;
}

static void show(struct engine *g, bool force)
{
	struct search *s = &g->search;
	const struct clade_metric *m = &s->manifest->metrics[s->manifest->fitness_index];
	int64_t now = clock_now_ns();
	struct progress_facts f = {
		.problem = s->manifest->name, .file = g->o->path, .fitness_name = m->name, .fitness_unit = m->unit,
		.evaluations = s->evaluations, .duplicates = s->duplicates, .proposed = s->proposed,
		.cells_filled = elites_count(s->elites), .cells = grid_cells(&s->grid), .rate = g->rate,
		.best = s->best, .best_low = s->best_low < s->best_high ? s->best_low : NAN,
		.best_high = s->best_low < s->best_high ? s->best_high : NAN, .seed = s->seed_fitness,
		.best_id = s->best_id != 0 ? s->best_name : NULL,
		.measuring = pool_size(s->pool, POOL_MEASURE), .measuring_busy = pool_busy(s->pool, POOL_MEASURE),
		.compiling = pool_size(s->pool, POOL_COMPILE), .compiling_busy = pool_busy(s->pool, POOL_COMPILE),
		.elapsed_ns = search_elapsed_ns(s), .left_ns = -1, .evaluations_left = -1,
	};

	if (now - g->rate_at_ns > 2000000000LL) {
		g->rate = (double)(s->evaluations - g->rate_evaluations) * 1e9 / (double)(now - g->rate_at_ns);
		g->rate_at_ns = now;
		g->rate_evaluations = s->evaluations;
	}
	for (int v = 0; v < VERDICT_COUNT && f.verdict_count < PROGRESS_VERDICTS_MAX; v++)
		if (s->verdicts[v] > 0) {
			f.verdicts[f.verdict_count].name = verdict_rows[v].name;
			f.verdicts[f.verdict_count++].count = s->verdicts[v];
		}
	if (g->limit_wall_ns > 0)
		f.left_ns = f.elapsed_ns < g->limit_wall_ns ? g->limit_wall_ns - f.elapsed_ns : 0;
	if (g->limit_evaluations > 0)
		f.evaluations_left = g->limit_evaluations - s->evaluations;
	progress_show(s->progress, &f, force);
}

static void on_pool_closed(void *context)
{
	((struct engine *)context)->pool_closed = true;
}

static void turn(struct engine *g)
{
	struct search *s = &g->search;

	leave_seed_phase(g);
	if (s->phase <= SEARCH_OPEN && s->phase != SEARCH_SEED && budget_spent(g))
		s->phase = SEARCH_DRAINING;
	if (s->phase == SEARCH_OPEN && s->fruitless > ENGINE_FRUITLESS_MAX) {
		progress_line(s->progress, "the mutators find nothing new in %d proposals: the campaign ends here", ENGINE_FRUITLESS_MAX);
		s->phase = SEARCH_DRAINING;
	}
	if (s->phase == SEARCH_RETEST)
		retest_turn(g);
	if (s->phase == SEARCH_OPEN)
		propose(g);
	if (s->phase == SEARCH_DRAINING && !g->recalled) {
		g->recalled = true;
		pool_recall(s->pool);
	}
	if (s->phase == SEARCH_DRAINING && (s->in_flight_count == 0 || s->failed))
		s->phase = SEARCH_OVER;
}

static void on_tick(uv_timer_t *t)
{
	show(t->data, false);
}

static void on_signal(uv_signal_t *h, int signal)
{
	struct engine *g = h->data;

	(void)signal;
	if (g->interrupted) {
		g->search.phase = SEARCH_OVER;
		return;
	}
	g->interrupted = true;
	if (g->search.phase < SEARCH_DRAINING)
		g->search.phase = SEARCH_DRAINING;
	progress_line(g->search.progress, "stopping: what runs is finished and committed; once more to stop at once (nothing committed is lost)");
}

static void on_pool_failed(void *context, const char *why)
{
	search_fail(&((struct engine *)context)->search, "no worker can be started: %s", why);
	((struct engine *)context)->search.phase = SEARCH_OVER;
}

static void on_pool_log(void *context, const char *line)
{
	progress_line(((struct engine *)context)->search.progress, "%s", line);
}

static int open_pool(struct engine *g, struct err *e)
{
	struct search *s = &g->search;
	struct pool_options o = {
		.loop = &g->loop, .launcher = s->campaign->launcher, .worker_command = g->briefing.worker_command,
		.silence_ns = s->campaign->worker_silence_ns, .start_ns = BRIEFING_START_NS,
		.measure = g->briefing.measure, .measure_count = g->briefing.slots.measure_count,
		.compile = &g->briefing.compile, .compile_count = g->briefing.slots.compile_count,
		.failed = on_pool_failed, .log = on_pool_log, .context = g,
	};

	return pool_open(&s->pool, &o, e);
}

static void set_limits(struct engine *g)
{
	const struct search *s = &g->search;
	const struct campaign *c = s->campaign;

	g->limit_wall_ns = c->wall_ns;
	g->limit_evaluations = c->evaluations;
	if (g->o->resume && g->o->wall_ns > 0)
		g->limit_wall_ns = s->elapsed_before_ns + g->o->wall_ns;
	if (g->o->resume && g->o->evaluations > 0)
		g->limit_evaluations = s->evaluations + g->o->evaluations;
	/* a session's own limit of one kind lifts a spent limit of the other kind */
	if (g->o->resume && g->o->wall_ns > 0 && g->o->evaluations == 0 && g->limit_evaluations <= s->evaluations)
		g->limit_evaluations = 0;
	if (g->o->resume && g->o->evaluations > 0 && g->o->wall_ns == 0 && g->limit_wall_ns <= s->elapsed_before_ns)
		g->limit_wall_ns = 0;
}

static int begin_session(struct engine *g, struct err *e)
{
	struct search *s = &g->search;
	int rc;

	s->session_began_ns = g->rate_at_ns = clock_now_ns();   /* first: the end of a session counts from it, whatever fails here */
	g->rate_evaluations = s->evaluations;
	s->phase = SEARCH_OPEN;
	rc = archive_set_state(s->archive, "running", NULL, e);
	if (rc >= 0 && s->seed_id == 0)
		rc = opening_retested(s, e);      /* nothing was measured yet */
	if (rc < 0)
		return rc;
	if (s->seed_id == 0) {
		begin_seed(g);
	} else if (g->opening.other_machine) {
		s->phase = SEARCH_RETEST;
		g->retest_next = -1;
		rc = archive_elites(&g->retest, &g->retest_count, s->archive, e);
	}
	return rc < 0 ? rc : 0;
}

static void run_loop(struct engine *g)
{
	struct search *s = &g->search;

	uv_timer_init(&g->loop, &g->tick);
	uv_signal_init(&g->loop, &g->on_int);
	uv_signal_init(&g->loop, &g->on_term);
	g->tick.data = g->on_int.data = g->on_term.data = g;
	uv_timer_start(&g->tick, on_tick, ENGINE_TICK_MS, ENGINE_TICK_MS);
	uv_signal_start(&g->on_int, on_signal, SIGINT);
	uv_signal_start(&g->on_term, on_signal, SIGTERM);
	while (s->phase != SEARCH_OVER) {
		turn(g);
		if (s->phase != SEARCH_OVER)
			uv_run(&g->loop, UV_RUN_ONCE);
	}
	show(g, true);
	uv_close((uv_handle_t *)&g->tick, NULL);
	uv_close((uv_handle_t *)&g->on_int, NULL);
	uv_close((uv_handle_t *)&g->on_term, NULL);
}

static enum engine_end how_it_ended(const struct engine *g)
{
	if (g->search.seed_refused)
		return ENGINE_SEED_REFUSED;
	if (g->search.failed)
		return ENGINE_FAILED;
	return g->interrupted ? ENGINE_STOPPED : ENGINE_FINISHED;
}

static int end_session(struct engine *g, enum engine_end *end, struct err *e)
{
	static const char *const states[] = { "finished", "stopped", "failed", "failed" };
	struct search *s = &g->search;
	int rc;

	*end = how_it_ended(g);
	while (s->in_flight != NULL)
		candidate_abandon(s->in_flight);
	pool_close(s->pool, on_pool_closed, g);
	while (!g->pool_closed)
		uv_run(&g->loop, UV_RUN_ONCE);
	rc = archive_set_elapsed(s->archive, search_elapsed_ns(s), e);
	if (rc >= 0)
		rc = archive_set_state(s->archive, states[*end], s->failed ? s->failure : NULL, e);
	if (s->failed) {
		const char *hint = strstr(s->failure, "No space left") != NULL || strstr(s->failure, "disk is full") != NULL ||
			strstr(s->failure, "quota exceeded") != NULL ?
			"; the campaign file is intact: make room, then clade resume" : "";

		return err_set(e, *end == ENGINE_SEED_REFUSED ? ERR_ARGS : ERR_CHILD, "%s%s", s->failure, hint);
	}
	return rc < 0 ? rc : 0;
}

static void release(struct engine *g)
{
	struct search *s = &g->search;

	hook_close(s);
	proposer_close(s);
	elites_free(s->elites);
	archive_close(s->archive);
	manifest_free(s->manifest);
	free(s->seed_text);
	free(s->seed_image);
	briefing_release(&g->briefing);
	opening_release(&g->opening);
	archive_programs_free(g->retest, g->retest_count);
	progress_free(s->progress);
	uv_run(&g->loop, UV_RUN_NOWAIT);
	uv_loop_close(&g->loop);
}

/* The seed of the random numbers: given, stored, or drawn and told. */
static int choose_seed(struct engine *g, struct err *e)
{
	struct search *s = &g->search;
	struct random r;

	s->seed = (uint64_t)s->campaign->seed;
	if (g->o->resume || s->campaign->seed_given)
		return 0;
	if (random_fresh(&r, e) < 0)
		return e->code;
	s->seed = random_u64(&r) >> 32;       /* short enough to be typed again */
	return 0;
}

static int prepare(struct engine *g, struct err *e)
{
	struct search *s = &g->search;
	int rc = syntax_ready(e);

	if (rc == 0)
		rc = choose_seed(g, e);
	if (rc == 0)
		rc = briefing_open(&g->briefing, &s->manifest, s->campaign, &g->loop, s->progress, e);
	if (rc == 0)
		rc = g->o->resume ? opening_resume(&g->opening, s, &g->briefing, e) : opening_create(&g->opening, s, &g->briefing, e);
	if (rc == 0)
		rc = briefing_orders(&g->briefing, s->manifest, g->opening.input_key, e);
	if (rc < 0)
		return rc;
	proposer_domain(s);
	set_limits(g);
	return 0;
}

int engine_run(enum engine_end *end, struct campaign *c, const struct engine_options *o, struct err *e)
{
	struct engine *g = memory_alloc(sizeof *g);
	struct search *s = &g->search;
	int rc;

	g->o = o;
	s->campaign = c;
	s->path = o->path;
	s->loop = &g->loop;
	s->best = s->best_low = s->best_high = s->seed_fitness = NAN;
	*end = ENGINE_FAILED;
	uv_loop_init(&g->loop);
	signal(SIGPIPE, SIG_IGN);
	s->progress = progress_new(stderr, o->quiet);
	rc = prepare(g, e);
	if (rc == 0)
		progress_line(s->progress, "%s: seed %llu of the random numbers, %d measuring and %d compiling slots, %s", s->manifest->name,
			(unsigned long long)s->seed, g->briefing.slots.measure_count, g->briefing.slots.compile_count, g->briefing.compiler);
	if (rc == 0)
		rc = open_pool(g, e);
	if (rc == 0) {
		rc = begin_session(g, e);
		if (rc == 0)
			run_loop(g);
		else
			search_fail(s, "%s", e->text);
		rc = end_session(g, end, e);
	}
	release(g);
	free(g);
	return rc;
}
