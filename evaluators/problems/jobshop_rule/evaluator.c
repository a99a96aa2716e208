/*
 * evaluator.c of jobshop_rule - how far a dispatching rule's schedules are from the best known
 * ones.
 *
 * The simulator is non-delay: among the next operations of all jobs those with the least earliest
 * start, max(job ready, machine ready), may go; of those the smallest priority does; ties go to the
 * lowest job. It runs here, outside the candidate's reach, and a rule learns nothing before its
 * time. All instances run in lockstep, so that a crossing asks for the choices of all of them:
 *
 *   shop ta01: forced moves ... choice ─┐
 *   shop ta02: forced moves ... choice ─┼─ one crossing ─▶ priorities ─▶ the chosen operations start
 *   ...                                 ┘                                (again, until no shop is open)
 *
 * Instances: Taillard's generator (EJOR 64, 1993) from the seeds in taillard.tsv, with certified
 * lower and best known upper bounds. The search stream runs those of the parameter `instances`,
 * holdout those of `holdout`, which may not overlap. Probe and check draw small instances with the
 * same generator.
 */
#include <clade/evaluator.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/jobshop_rule.h"

#define JOBS_MAX 100
#define MACHINES_MAX 20
#define INSTANCES_MAX 80
#define VIEWS_MAX 3150           /* jobs of all 80 instances */
#define LONGEST_TIME 99
#define SEED_MODULUS 2147483647  /* of the generator, 2^31 - 1 */
#define SEARCH_DEFAULT "ta01-ta40"
#define HOLDOUT_DEFAULT "ta41-ta80"

/*
 * No set of instances has a smaller mean: the least LB/UB - 1 of all 80, in percent, is that of
 * ta41 (1926/2005).
 */
#define GAP_BOUND -3.9402

enum { GROUP_TIMES = 1, GROUP_MACHINE = 2, GROUP_AHEAD = 4 };
enum { METRIC_GAP, METRIC_WORST };

struct instance {
	char name[8];
	int jobs, machines;
	int lower, upper;            /* of the makespan: certified; best known */
	int work[JOBS_MAX];
	unsigned char time[JOBS_MAX][MACHINES_MAX], machine[JOBS_MAX][MACHINES_MAX];
};

/* One instance while it is scheduled. */
struct shop {
	const struct instance *of;
	int next[JOBS_MAX];          /* the job's next operation */
	int ready[JOBS_MAX];         /* when the started ones have ended */
	int done[JOBS_MAX];          /* their time */
	int machine_ready[MACHINES_MAX];
	int machine_remaining[MACHINES_MAX];   /* time of operations not yet started */
	int machine_queue[MACHINES_MAX];       /* of those that are the next of their job */
	int open;                    /* operations not yet started */
	int makespan;
	int start;                   /* the least earliest start, */
	int choices[JOBS_MAX], choice_count;   /* and the jobs whose next operation has it */
};

struct span { int first, last; };    /* instances [first, last] */

struct jobshop_state {
	struct instance instances[INSTANCES_MAX];
	int count;
	struct span search, holdout;
	struct shop shops[INSTANCES_MAX];
};

/* The blocks of adapter.c. */
struct op_count { uint64_t count; };

/* ---- instances ---- */

/* Taillard's linear congruential generator: the next number, uniform in low..high. */
static int taillard_draw(int *seed, int low, int high)
{
	int k = *seed / 127773;
	int s = 16807 * (*seed % 127773) - 2836 * k;

	*seed = s < 0 ? s + SEED_MODULUS : s;
	return low + (int)(*seed / (double)SEED_MODULUS * (high - low + 1));
}

static void instance_generate(struct instance *p, int time_seed, int machine_seed)
{
	for (int j = 0; j < p->jobs; j++) {
		p->work[j] = 0;
		for (int k = 0; k < p->machines; k++) {
			p->time[j][k] = (unsigned char)taillard_draw(&time_seed, 1, LONGEST_TIME);
			p->work[j] += p->time[j][k];
		}
	}
	for (int j = 0; j < p->jobs; j++) {
		unsigned char *route = p->machine[j];

		for (int k = 0; k < p->machines; k++)
			route[k] = (unsigned char)k;
		for (int k = 0; k < p->machines; k++) {
			int other = taillard_draw(&machine_seed, k + 1, p->machines) - 1;
			unsigned char swapped = route[k];

			route[k] = route[other];
			route[other] = swapped;
		}
	}
}

/* A lower bound that needs no search: the longest job, the busiest machine. */
static int instance_load(const struct instance *p)
{
	int load[MACHINES_MAX] = { 0 }, most = 0;

	for (int j = 0; j < p->jobs; j++) {
		for (int k = 0; k < p->machines; k++)
			load[p->machine[j][k]] += p->time[j][k];
		most = p->work[j] > most ? p->work[j] : most;
	}
	for (int m = 0; m < p->machines; m++)
		most = load[m] > most ? load[m] : most;
	return most;
}

/* One row of taillard.tsv; columns after UB are for tests. */
static int instance_parse(struct instance *p, const char *line)
{
	int time_seed, machine_seed;

	if (sscanf(line, "%7s %d %d %d %d %d %d", p->name, &p->jobs, &p->machines, &time_seed,
		    &machine_seed, &p->lower, &p->upper) != 7)
		return 0;
	if (p->jobs < 1 || p->jobs > JOBS_MAX || p->machines < 1 || p->machines > MACHINES_MAX)
		return 0;
	if (time_seed < 1 || machine_seed < 1 || p->lower < 1 || p->upper < p->lower)
		return 0;
	instance_generate(p, time_seed, machine_seed);
	return instance_load(p) <= p->lower;
}

static int instances_read(struct jobshop_state *s, const char *dir)
{
	char path[4096], line[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/taillard.tsv", dir);
	f = fopen(path, "re");
	if (f == NULL) {
		fprintf(stderr, "jobshop_rule: cannot read %s\n", path);
		return CLADE_FAILED;
	}
	while (fgets(line, sizeof line, f) != NULL && s->count < INSTANCES_MAX) {
		if (line[0] == '#' || strncmp(line, "name", 4) == 0)
			continue;
		if (!instance_parse(&s->instances[s->count], line)) {
			fprintf(stderr, "jobshop_rule: %s: not an instance: %s", path, line);
			break;
		}
		s->count++;
	}
	fclose(f);
	if (s->count == INSTANCES_MAX)
		return CLADE_OK;
	fprintf(stderr, "jobshop_rule: %s holds %d good instances, not %d\n", path, s->count,
		INSTANCES_MAX);
	return CLADE_FAILED;
}

static int instance_find(const struct jobshop_state *s, const char *name, size_t length)
{
	for (int i = 0; i < s->count; i++) {
		const char *own = s->instances[i].name;

		if (strlen(own) == length && memcmp(own, name, length) == 0)
			return i;
	}
	return -1;
}

/* "ta01-ta40" or "ta07". */
static int span_parse(struct span *out, const struct jobshop_state *s, const char *parameter,
	const char *text)
{
	const char *dash = strchr(text, '-');
	int first = instance_find(s, text, dash != NULL ? (size_t)(dash - text) : strlen(text));
	int last = dash != NULL ? instance_find(s, dash + 1, strlen(dash + 1)) : first;

	if (first < 0 || last < first) {
		fprintf(stderr, "jobshop_rule: parameter %s: \"%s\" is not like ta01-ta40 or ta07\n",
			parameter, text);
		return CLADE_FAILED;
	}
	*out = (struct span){ first, last };
	return CLADE_OK;
}

static int spans_read(struct jobshop_state *s, const struct clade_host *host)
{
	const char *search = host->parameter(host, "instances");
	const char *holdout = host->parameter(host, "holdout");

	if (search == NULL)
		search = SEARCH_DEFAULT;
	if (holdout == NULL)
		holdout = HOLDOUT_DEFAULT;
	if (span_parse(&s->search, s, "instances", search) != CLADE_OK ||
	    span_parse(&s->holdout, s, "holdout", holdout) != CLADE_OK)
		return CLADE_FAILED;
	if (s->search.first > s->holdout.last || s->holdout.first > s->search.last)
		return CLADE_OK;
	fprintf(stderr, "jobshop_rule: parameters instances and holdout overlap: %s, %s\n",
		search, holdout);
	return CLADE_FAILED;
}

static int jobshop_open(void **state, const struct clade_host *host)
{
	struct jobshop_state *s = calloc(1, sizeof *s);

	if (s == NULL)
		return CLADE_FAILED;
	if (instances_read(s, host->problem_dir) != CLADE_OK || spans_read(s, host) != CLADE_OK) {
		free(s);
		return CLADE_FAILED;
	}
	*state = s;
	return CLADE_OK;
}

static void jobshop_close(void *state)
{
	free(state);
}

/* ---- the simulator ---- */

static void shop_open(struct shop *p, const struct instance *of)
{
	memset(p, 0, sizeof *p);
	p->of = of;
	p->open = of->jobs * of->machines;
	for (int j = 0; j < of->jobs; j++) {
		for (int k = 0; k < of->machines; k++)
			p->machine_remaining[of->machine[j][k]] += of->time[j][k];
		p->machine_queue[of->machine[j][0]] += of->time[j][0];
	}
}

/* Fill choices: the jobs, in order, whose next operation has the least earliest start. */
static void shop_find_choices(struct shop *p)
{
	p->choice_count = 0;
	for (int j = 0; j < p->of->jobs; j++) {
		int start, machine_ready;

		if (p->next[j] == p->of->machines)
			continue;
		machine_ready = p->machine_ready[p->of->machine[j][p->next[j]]];
		start = p->ready[j] > machine_ready ? p->ready[j] : machine_ready;
		if (p->choice_count > 0 && start > p->start)
			continue;
		if (p->choice_count == 0 || start < p->start)
			p->choice_count = 0;
		p->start = start;
		p->choices[p->choice_count++] = j;
	}
}

static void shop_start_job(struct shop *p, int job)
{
	const struct instance *of = p->of;
	int op = p->next[job]++, machine = of->machine[job][op], time = of->time[job][op];
	int end = p->start + time;

	p->ready[job] = p->machine_ready[machine] = end;
	p->done[job] += time;
	p->machine_remaining[machine] -= time;
	p->machine_queue[machine] -= time;
	if (op + 1 < of->machines)
		p->machine_queue[of->machine[job][op + 1]] += of->time[job][op + 1];
	p->makespan = end > p->makespan ? end : p->makespan;
	p->open--;
}

/*
 * Make the moves that are no choice. Returns the number of operations to choose from, 0 when the
 * schedule is complete.
 */
static int shop_run_to_choice(struct shop *p)
{
	while (p->open > 0) {
		shop_find_choices(p);
		if (p->choice_count > 1)
			return p->choice_count;
		shop_start_job(p, p->choices[0]);
	}
	return 0;
}

static void shop_view(struct op_view *v, const struct shop *p, int job)
{
	const struct instance *of = p->of;
	int op = p->next[job], machine = of->machine[job][op], time = of->time[job][op];

	*v = (struct op_view){
		.processing = time,
		.work_done = p->done[job] + time,
		.work_remaining = of->work[job] - p->done[job],
		.job_work = of->work[job],
		.ops_remaining = of->machines - op,
		.ops_total = of->machines,
		.job_ready = p->ready[job],
		.start = p->start,
		.waiting = p->start - p->ready[job],
		.machine_ready = p->machine_ready[machine],
		.machine_remaining = p->machine_remaining[machine],
		.machine_queue = p->machine_queue[machine],
	};
	if (op + 1 < of->machines) {
		int next = of->machine[job][op + 1];

		v->next_processing = of->time[job][op + 1];
		v->next_slack = p->machine_ready[next] - (p->start + time);
		v->next_remaining = p->machine_remaining[next];
		v->next_queue = p->machine_queue[next];
	}
}

/* Start the choice with the smallest priority; the first of equal ones has the lowest number. */
static int shop_choose(struct shop *p, const double *priorities, const struct clade_host *host,
	struct clade_run *run)
{
	int best = 0;

	for (int i = 0; i < p->choice_count; i++) {
		int job = p->choices[i];

		if (!isfinite(priorities[i])) {
			host->explain(run, "priority of job %d, operation %d of %s is %f at time %d",
				job + 1, p->next[job] + 1, p->of->name, priorities[i], p->start);
			return CLADE_WRONG;
		}
		if (priorities[i] < priorities[best])
			best = i;
	}
	shop_start_job(p, p->choices[best]);
	return CLADE_OK;
}

/*
 * Ask the candidate for the priorities of all choices: *priorities are in the order of shops and of
 * their choices.
 */
static int shops_cross(const double **priorities, const struct shop *shops, int count,
	size_t view_count, const struct clade_host *host, struct clade_run *run)
{
	struct clade_batch *batch = host->begin(run);
	struct op_count *header;
	struct op_view *view;
	size_t argument_bytes = sizeof *header + view_count * sizeof *view;
	size_t result_bytes = view_count * sizeof(double);
	void *arguments, *results;

	if (host->add(batch, argument_bytes, result_bytes, 0, 0, &arguments, &results) != 0)
		return CLADE_FAILED;
	header = arguments;
	header->count = view_count;
	view = (struct op_view *)(header + 1);
	for (int i = 0; i < count; i++)
		for (int k = 0; shops[i].open > 0 && k < shops[i].choice_count; k++)
			shop_view(view++, &shops[i], shops[i].choices[k]);
	if (host->cross(run, batch) != 0)
		return CLADE_STOPPED;
	*priorities = host->results(batch, 0);
	return CLADE_OK;
}

/* Schedule all shops in lockstep. */
static int shops_run(struct shop *shops, int count, const struct clade_host *host,
	struct clade_run *run)
{
	for (;;) {
		const double *priorities;
		size_t views = 0;
		int answer;

		for (int i = 0; i < count; i++)
			views += (size_t)shop_run_to_choice(&shops[i]);
		if (views == 0)
			return CLADE_OK;
		answer = shops_cross(&priorities, shops, count, views, host, run);
		for (int i = 0; answer == CLADE_OK && i < count; i++) {
			int choices = shops[i].choice_count;

			if (shops[i].open == 0)
				continue;
			answer = shop_choose(&shops[i], priorities, host, run);
			priorities += choices;
		}
		if (answer != CLADE_OK)
			return answer;
	}
}

/* ---- the score ---- */

static int shops_score(const struct shop *shops, int count, double *metrics)
{
	double sum = 0, worst = -INFINITY;

	for (int i = 0; i < count; i++) {
		const struct instance *of = shops[i].of;
		double gap = 100 * ((double)shops[i].makespan / of->upper - 1);

		if (shops[i].makespan < of->lower) {
			fprintf(stderr, "jobshop_rule: %s in %d, below its bound %d: a hole\n",
				of->name, shops[i].makespan, of->lower);
			return CLADE_FAILED;
		}
		sum += gap;
		worst = gap > worst ? gap : worst;
	}
	metrics[METRIC_GAP] = sum / count;
	metrics[METRIC_WORST] = worst;
	return CLADE_OK;
}

static int evaluate_span(struct jobshop_state *s, struct span span, const struct clade_host *host,
	struct clade_run *run, double *metrics)
{
	int count = span.last - span.first + 1, answer;

	for (int i = 0; i < count; i++)
		shop_open(&s->shops[i], &s->instances[span.first + i]);
	answer = shops_run(s->shops, count, host, run);
	return answer == CLADE_OK ? shops_score(s->shops, count, metrics) : answer;
}

static int evaluate_drawn(struct jobshop_state *s, const struct clade_host *host,
	struct clade_run *run, double *metrics)
{
	static const struct { int jobs, machines; } sizes[] = {
		{ 6, 5 }, { 10, 5 }, { 8, 8 }, { 15, 6 },
	};
	enum { COUNT = sizeof sizes / sizeof sizes[0] };
	struct clade_random *r = host->random(run);
	struct instance drawn[COUNT];
	int answer;

	for (int i = 0; i < COUNT; i++) {
		int time_seed = 1 + (int)host->random_below(r, SEED_MODULUS - 1);
		int machine_seed = 1 + (int)host->random_below(r, SEED_MODULUS - 1);

		drawn[i] = (struct instance){
			.name = "drawn", .jobs = sizes[i].jobs, .machines = sizes[i].machines,
		};
		instance_generate(&drawn[i], time_seed, machine_seed);
		drawn[i].lower = drawn[i].upper = instance_load(&drawn[i]);
		shop_open(&s->shops[i], &drawn[i]);
	}
	answer = shops_run(s->shops, COUNT, host, run);
	return answer == CLADE_OK ? shops_score(s->shops, COUNT, metrics) : answer;
}

static int jobshop_evaluate(void *state, const struct clade_host *host, struct clade_run *run,
	enum clade_stream stream, double *metrics)
{
	struct jobshop_state *s = state;

	if (stream == CLADE_SEARCH)
		return evaluate_span(s, s->search, host, run, metrics);
	if (stream == CLADE_HOLDOUT)
		return evaluate_span(s, s->holdout, host, run, metrics);
	return evaluate_drawn(s, host, run, metrics);
}

static const char *const functions[] = { "double priority(const struct op_view *v)", NULL };
static const char *const imports[] = { "fmin", "fmax", "fabs", "sqrt", NULL };

#define TERMINAL(field, bits, what) \
	{ .text = "v->" #field, .type = "double", .meaning = what, .group = bits }
static const struct clade_terminal terminals[] = {
	TERMINAL(processing, GROUP_TIMES, "time of this operation"),
	TERMINAL(work_done, GROUP_TIMES, "work of the job up to and including this operation"),
	TERMINAL(work_remaining, GROUP_TIMES, "work of the job from this operation on"),
	TERMINAL(job_work, GROUP_TIMES, "all of the job's work"),
	TERMINAL(ops_remaining, GROUP_TIMES, "operations of the job from this one on"),
	TERMINAL(ops_total, GROUP_TIMES, "operations of the job"),
	TERMINAL(next_processing, GROUP_TIMES, "time of the job's next operation, 0 at its last"),
	TERMINAL(job_ready, GROUP_TIMES, "when the job's previous operation ended"),
	TERMINAL(start, GROUP_TIMES, "when this operation would start"),
	TERMINAL(waiting, GROUP_TIMES, "how long the job has waited"),
	TERMINAL(machine_ready, GROUP_MACHINE, "when this machine became free"),
	TERMINAL(machine_remaining, GROUP_MACHINE, "time of all that this machine has still to do"),
	TERMINAL(machine_queue, GROUP_MACHINE, "time of what of it is the next of its job"),
	TERMINAL(next_slack, GROUP_AHEAD, "when the next machine is free, less this one's end"),
	TERMINAL(next_remaining, GROUP_AHEAD, "time of all that the next machine has still to do"),
	TERMINAL(next_queue, GROUP_AHEAD, "time of what of it is the next of its job"),
	{ .text = NULL },
};

static const struct clade_metric metrics[] = {
	[METRIC_GAP] = {
		.name = "gap", .unit = "%", .text = "mean of makespan / best known upper bound - 1",
		.direction = CLADE_MINIMISE, .depends = CLADE_BEHAVIOUR, .bound = GAP_BOUND,
	},
	[METRIC_WORST] = {
		.name = "gap_worst", .unit = "%", .text = "the same of the worst instance",
		.direction = CLADE_MINIMISE, .depends = CLADE_BEHAVIOUR, .bound = GAP_BOUND,
	},
	{ .name = NULL },
};

static const struct clade_feature features[] = {
	{
		.name = "terminals", .unit = "",
		.text = "values that the rule reads, with repetition",
		.low = 0.5, .high = 16.5, .bins = 16, .scale = CLADE_LINEAR,
		.outside = CLADE_CLAMP, .source = CLADE_FROM_TERMINALS,
	},
	{
		.name = "information", .unit = "",
		.text = "which values it reads: 1 times, 2 machine load, 4 look-ahead, added",
		.low = -0.5, .high = 7.5, .bins = 8, .scale = CLADE_LINEAR,
		.outside = CLADE_CLAMP, .source = CLADE_FROM_TERMINAL_GROUPS,
	},
	{ .name = NULL },
};

const struct clade_evaluator clade_evaluator = {
	.abi = CLADE_EVALUATOR_ABI,
	.name = "jobshop_rule",
	.summary = "a dispatching rule for job shops, scored on Taillard's instances",
	.kind = CLADE_KIND_PRIORITY,
	.functions = functions,
	.imports = imports,
	.syntax = CLADE_SYNTAX_MEMBERS | CLADE_SYNTAX_BRANCHES | CLADE_SYNTAX_CALLS,
	.terminals = terminals,
	.metrics = metrics,
	.fitness = "gap",
	.features = features,
	.arguments_bytes = VIEWS_MAX * sizeof(struct op_view) + 4096,
	.results_bytes = VIEWS_MAX * sizeof(double) + 4096,
	.call_limit_ns = 500000000,
	.open = jobshop_open,
	.close = jobshop_close,
	.evaluate = jobshop_evaluate,
};
