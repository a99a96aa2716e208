#include "orchestrator/engine.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/repo.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "evaluators/job.h"
#include "evaluators/machine.h"
#include "evaluators/plugin.h"
#include "mutators/syntax.h"
#include "orchestrator/candidate.h"
#include "orchestrator/hook.h"
#include "orchestrator/placing.h"
#include "orchestrator/proposer.h"
#include "orchestrator/search.h"
#include "orchestrator/slots.h"

#define ENGINE_TICK_MS 100
#define ENGINE_START_NS (30LL * 1000000000)      /* a worker must be ready: srun may queue, ssh takes 0.5 s */
#define ENGINE_DRAWS_PER_TURN 64                 /* fruitless proposals in a row before the loop breathes */
#define ENGINE_AHEAD 3                           /* candidates in flight per slot of either kind, so that no slot waits */
#define ENGINE_PATH_MAX 4096

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
	struct job_configure *measure;        /* owned array */
	struct job_configure compile;         /* owned */
	struct slots slots;
	char *plugin;                         /* owned: path of the evaluator's .so */
	char worker_command[ENGINE_PATH_MAX];
	cJSON *machine, *declarations;        /* of this session's workers and evaluator, owned */
	char *compiler;                       /* owned */
	struct repo_source source;
	struct archive_queued *queued; int queued_count;   /* what was in flight when the last session ended */
	struct archive_program *retest; int retest_count;  /* elites to be measured again, next one at retest_next */
	int retest_next;
	bool other_machine, pool_closed, interrupted;
	int64_t limit_wall_ns, limit_evaluations;          /* totals over all sessions, 0: none */
	int64_t rate_at_ns, rate_evaluations;
	double rate;
};

int64_t search_elapsed_ns(const struct search *s)
{
	return s->elapsed_before_ns + clock_now_ns() - s->session_began_ns;
}

void search_fail(struct search *s, const char *format, ...)
{
	va_list args;

	if (s->failed)
		return;                       /* the first failure is the one to tell */
	s->failed = true;
	va_start(args, format);
	vsnprintf(s->failure, sizeof s->failure, format, args);
	va_end(args);
	if (s->phase < SEARCH_OVER)
		s->phase = SEARCH_DRAINING;
}

/* ---- what a worker is told ---- */

static int own_command(struct engine *g, struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", g->worker_command, sizeof g->worker_command - 16);

	if (n < 0)
		return err_errno(e, ERR_IO, "/proc/self/exe");
	memcpy(g->worker_command + n, " worker", 8);
	return 0;
}

static void configure_common(struct engine *g, struct job_configure *j, const uint8_t key[32])
{
	const struct campaign *c = g->search.campaign;

	*j = (struct job_configure){ .cpu = -1, .second_cpu = -1, .candidate_included = c->unit == CAMPAIGN_UNIT_INCLUDED };
	j->problem_dir = text_copy(c->problem_dir);
	j->plugin = text_copy(g->plugin);
	j->compiler = text_copy(c->compiler);
	if (c->include != NULL)
		j->include_dir = c->include[0] == '/' ? text_copy(c->include) : text_format("%s/%s", c->problem_dir, c->include);
	for (int i = 0; i < c->target_flags.count && i < JOB_FLAGS_MAX; i++)
		j->flags[i] = text_copy(c->target_flags.words[i]);
	for (int i = 0; i < c->support.count && i < 8; i++)
		j->support[i] = text_copy(c->support.words[i]);
	for (int i = 0; i < c->parameters.count && i < 15; i++) {
		j->parameters[i][0] = text_copy(c->parameters.pairs[i][0]);
		j->parameters[i][1] = text_copy(c->parameters.pairs[i][1]);
	}
	memcpy(j->key, key, sizeof j->key);
}

static void configure_compile(struct engine *g, const uint8_t key[32])
{
	configure_common(g, &g->compile, key);
	for (int i = 0; i < g->slots.compile_cpu_count; i++)
		g->compile.compile_cpus[g->compile.compile_cpu_count++] = g->slots.compile_cpus[i];
}

static void configure_measure(struct engine *g, const uint8_t key[32])
{
	g->measure = memory_array((size_t)g->slots.measure_count, sizeof *g->measure);
	for (int i = 0; i < g->slots.measure_count; i++) {
		struct job_configure *j = &g->measure[i];

		configure_common(g, j, key);
		j->measures = true;
		j->cpu = g->slots.measure_cpus[i];
		j->second_cpu = g->slots.second_cpu[i];
		j->lane = g->search.manifest->timed;
		for (int k = 0; k < g->slots.compile_cpu_count; k++)
			j->compile_cpus[j->compile_cpu_count++] = g->slots.compile_cpus[k];
	}
}

/* ---- describe: one compile-only worker, for the declarations and the machine ---- */

struct describe { struct engine *engine; struct pool *pool; bool done, closed; struct err err; };

static void on_describe_closed(void *context)
{
	((struct describe *)context)->closed = true;
}

static void describe_end(struct describe *d)
{
	if (d->done)
		return;
	d->done = true;
	pool_close(d->pool, on_describe_closed, d);
}

static void on_described(void *context, const cJSON *head)
{
	struct describe *d = context;
	struct engine *g = d->engine;

	if (d->done)
		return;
	if (manifest_from_json(&g->search.manifest, cJSON_GetObjectItemCaseSensitive(head, "manifest"), &d->err) == 0) {
		g->declarations = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(head, "manifest"), 1);
		g->machine = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(head, "machine"), 1);
		g->compiler = text_copy(json_text_or(head, "compiler", ""));
	}
	describe_end(d);
}

static void on_describe_failed(void *context, const char *why)
{
	struct describe *d = context;

	err_set(&d->err, ERR_CHILD, "no worker can be started: %s", why);
	describe_end(d);
}

static void on_describe_log(void *context, const char *line)
{
	progress_line(((struct describe *)context)->engine->search.progress, "%s", line);
}

static int describe(struct engine *g, struct err *e)
{
	struct describe d = { .engine = g };
	struct pool_options o = {
		.loop = &g->loop, .launcher = g->search.campaign->launcher, .worker_command = g->worker_command,
		.silence_ns = g->search.campaign->worker_silence_ns, .start_ns = ENGINE_START_NS,
		.compile = &g->compile, .compile_count = 1,
		.ready = on_described, .failed = on_describe_failed, .log = on_describe_log, .context = &d,
	};
	int rc = pool_open(&d.pool, &o, e);

	if (rc < 0)
		return rc;
	while (!d.closed)
		uv_run(&g->loop, UV_RUN_ONCE);
	if (d.err.code != 0)
		return err_set(e, d.err.code, "%s", d.err.text);
	return 0;
}

/* ---- opening ---- */

static int read_source(struct engine *g, struct err *e)
{
	const struct campaign *c = g->search.campaign;

	if (c->repo != NULL || c->commit != NULL)
		return repo_read(&g->source, c->repo, c->commit, c->file, e);
	return repo_read_file(&g->source, c->file, e);
}

static int take_seed(struct engine *g, const char *text, size_t size, struct err *e)
{
	struct search *s = &g->search;

	s->seed_text = text_copy_n(text, size);
	s->seed_bytes = size;
	if (region_find(&s->region, s->seed_text, s->seed_bytes, s->campaign->function, e) < 0)
		return err_in(e, "%s", s->campaign->file != NULL ? s->campaign->file : "seed");
	return 0;
}

static int create(struct engine *g, struct err *e)
{
	struct search *s = &g->search;
	char *machine = json_text(g->machine), *manifest = json_text(g->declarations);
	struct archive_birth b = {
		.problem = s->manifest->name, .problem_dir = s->campaign->problem_dir, .settings = s->campaign->text,
		.machine = machine, .source_repo = g->source.repo, .source_commit = g->source.commit, .source_path = g->source.path,
		.maximise = s->manifest->metrics[s->manifest->fitness_index].direction == CLADE_MAXIMISE,
		.seed = s->seed,
	};
	struct random r;
	int rc = 0;

	placing_grid(&b.grid, s->manifest);
	b.manifest = manifest;
	if (s->campaign->seed_given) {
		hash_secret_derive(&b.secret, s->seed);
		random_keyed(&r, s->seed, UINT64_MAX);
	} else {
		rc = hash_secret_make(&b.secret, e);
		if (rc == 0)
			rc = random_fresh(&r, e);
	}
	if (rc == 0) {
		random_bytes(&r, b.input_key, sizeof b.input_key);
		rc = archive_create(&s->archive, g->o->path, &b, e);
	}
	free(machine);
	free(manifest);
	return rc;
}

static int machine_note(struct engine *g, struct err *e)
{
	char *stored = NULL, *now = json_text(g->machine);
	cJSON *old = NULL;
	int rc = archive_meta(&stored, g->search.archive, "machine", e);

	if (rc == 0 && stored != NULL && json_parse(&old, stored, strlen(stored), NULL) == 0 && !machine_same(old, g->machine)) {
		g->other_machine = true;
		progress_line(g->search.progress, "this machine is not the one that the campaign was measured on; its elites are measured again first");
		rc = archive_meta_set(g->search.archive, "machine", now, e);
	}
	cJSON_Delete(old);
	free(stored);
	free(now);
	return rc;
}

static int reopen_program(struct engine *g, const struct archive_totals *t, struct err *e)
{
	struct search *s = &g->search;
	struct archive_program seed = { 0 };
	int64_t id = 0;
	int rc = archive_resolve(&id, s->archive, "seed", e);

	if (rc == ERR_MISSING)
		return read_source(g, e) < 0 ? e->code : take_seed(g, g->source.text, g->source.size, e);
	if (rc >= 0)
		rc = archive_program(&seed, s->archive, id, true, e);
	if (rc >= 0)
		rc = take_seed(g, seed.source, seed.source_bytes, e);
	if (rc >= 0 && s->manifest->timed)
		rc = archive_image(&s->seed_image, &s->seed_image_bytes, s->archive, id, e);
	s->seed_id = id;
	s->seed_fitness = t->seed_fitness;
	archive_program_release(&seed);
	return rc < 0 ? rc : 0;
}

static int reopen_best(struct search *s, const struct archive_totals *t, struct err *e)
{
	struct archive_program p = { 0 };
	int rc;

	if (t->best_id == 0)
		return 0;
	rc = archive_program(&p, s->archive, t->best_id, false, e);
	s->best = t->best;
	s->best_low = t->best_low;
	s->best_high = t->best_high;
	s->best_id = t->best_id;
	hash_hex(s->best_name, &p.name);
	archive_program_release(&p);
	return rc < 0 ? rc : 0;
}

static int reopen_counts(struct search *s, struct err *e)
{
	struct archive_count *rows = NULL;
	int count = 0;
	int rc = archive_verdicts(&rows, &count, s->archive, e);

	for (int i = 0; i < count && rc >= 0; i++) {
		int v = verdict_find(rows[i].name);

		if (v >= 0)
			s->verdicts[v] = rows[i].count;
	}
	free(rows);
	return rc < 0 ? rc : 0;
}

static int reopen(struct engine *g, struct err *e)
{
	struct search *s = &g->search;
	struct archive_totals t;
	int rc = archive_open(&s->archive, g->o->path, ARCHIVE_WRITE, e);

	if (rc == 0)
		rc = archive_totals(&t, s->archive, e);
	if (rc < 0)
		return rc;
	s->evaluations = t.evaluations;
	s->duplicates = t.duplicates_token + t.duplicates_object;
	s->elapsed_before_ns = t.elapsed_ns;
	rc = machine_note(g, e);
	if (rc >= 0)
		rc = reopen_program(g, &t, e);
	if (rc >= 0)
		rc = reopen_best(s, &t, e);
	if (rc >= 0)
		rc = reopen_counts(s, e);
	if (rc >= 0)
		rc = archive_queue_list(&g->queued, &g->queued_count, s->archive, e);
	return rc < 0 ? rc : 0;
}

/* The campaign's key for inputs, as stored. */
static int input_key(uint8_t key[32], struct archive *a, struct err *e)
{
	char *hex = NULL;
	int rc = archive_meta(&hex, a, "input_key", e);

	if (rc == 0 && (hex == NULL || strlen(hex) != 64))
		rc = err_set(e, ERR_FORMAT, "the campaign file holds no input key");
	for (int i = 0; rc == 0 && i < 32; i++) {
		char two[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		key[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	free(hex);
	return rc < 0 ? rc : 0;
}

static int open_campaign(struct engine *g, struct err *e)
{
	struct search *s = &g->search;
	int rc;

	if (g->o->resume) {
		rc = reopen(g, e);
	} else {
		rc = read_source(g, e);
		if (rc == 0)
			rc = take_seed(g, g->source.text, g->source.size, e);
		if (rc == 0)
			rc = create(g, e);
	}
	if (rc < 0)
		return rc;
	s->grid = *archive_grid(s->archive);
	s->secret = *archive_secret(s->archive);
	s->elites = elites_new();
	rc = elites_load(s->elites, s->archive, e);
	if (rc >= 0)
		rc = archive_next_proposal(&s->next_proposal, s->archive, e);
	return rc < 0 ? rc : 0;
}

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
	candidate_flags_read(made.flags, MUTATOR_FLAGS_MAX, full.flags);
	c = candidate_new(s, CANDIDATE_RETEST, full.proposal, &made, full.mutator);
	c->retest_id = full.id;
	c->cell = full.cell;
	c->depth = full.depth;
	c->seed_image_only = image_only;
	archive_program_release(&full);
	candidate_begin(c);
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
		s->phase = SEARCH_OPEN;
}

static int restore_queued(struct engine *g, struct err *e)
{
	struct search *s = &g->search;
	int rc = 0;

	for (int i = 0; i < g->queued_count && rc == 0; i++) {
		const struct archive_queued *q = &g->queued[i];
		struct candidate *c = NULL;

		rc = candidate_restore(&c, s, q->id, q->proposal, q->tries, q->payload, e);
		if (rc == 0)
			candidate_begin(c);
	}
	archive_queue_free(g->queued, g->queued_count);
	g->queued = NULL;
	g->queued_count = 0;
	return rc;
}

static void propose(struct engine *g)
{
	struct search *s = &g->search;
	struct err e = { 0 };

	if (g->queued_count > 0 && restore_queued(g, &e) < 0) {
		search_fail(s, "%s", e.text);
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
	if (s->phase == SEARCH_RETEST)
		retest_turn(g);
	if (s->phase == SEARCH_OPEN)
		propose(g);
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
		.loop = &g->loop, .launcher = s->campaign->launcher, .worker_command = g->worker_command,
		.silence_ns = s->campaign->worker_silence_ns, .start_ns = ENGINE_START_NS,
		.measure = g->measure, .measure_count = g->slots.measure_count,
		.compile = &g->compile, .compile_count = g->slots.compile_count,
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
	int rc = archive_set_state(s->archive, "running", NULL, e);

	if (rc < 0)
		return rc;
	s->session_began_ns = g->rate_at_ns = clock_now_ns();
	g->rate_evaluations = s->evaluations;
	s->phase = SEARCH_OPEN;
	if (s->seed_id == 0) {
		begin_seed(g);
	} else if (g->other_machine) {
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
		const char *hint = strstr(s->failure, "No space left") != NULL || strstr(s->failure, "full") != NULL ?
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
	for (int i = 0; i < g->slots.measure_count && g->measure != NULL; i++)
		job_configure_release(&g->measure[i]);
	free(g->measure);
	job_configure_release(&g->compile);
	free(g->plugin);
	free(g->compiler);
	cJSON_Delete(g->machine);
	cJSON_Delete(g->declarations);
	repo_source_release(&g->source);
	archive_queue_free(g->queued, g->queued_count);
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

static int stored_seed(struct search *s, struct err *e)
{
	char *text = NULL;
	int rc = archive_meta(&text, s->archive, "seed", e);

	if (rc == 0 && text != NULL)
		s->seed = strtoull(text, NULL, 10);
	free(text);
	return rc;
}

static int prepare(struct engine *g, struct err *e)
{
	struct search *s = &g->search;
	uint8_t key[32] = { 0 };
	int rc = syntax_ready(e);

	if (rc == 0)
		rc = own_command(g, e);
	if (rc == 0)
		rc = plugin_build(&g->plugin, s->campaign->problem_dir, e);
	if (rc == 0)
		rc = choose_seed(g, e);
	if (rc < 0)
		return rc;
	configure_common(g, &g->compile, key);
	rc = describe(g, e);
	job_configure_release(&g->compile);
	if (rc == 0)
		rc = open_campaign(g, e);
	if (rc == 0)
		rc = stored_seed(s, e);
	if (rc == 0)
		rc = input_key(key, s->archive, e);
	if (rc == 0)
		rc = slots_plan(&g->slots, s->campaign, s->manifest, e);
	if (rc < 0)
		return rc;
	configure_compile(g, key);
	configure_measure(g, key);
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
			(unsigned long long)s->seed, g->slots.measure_count, g->slots.compile_count, g->compiler);
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
