#include "evaluators/duel_stage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/compile_stage.h"
#include "evaluators/cost.h"
#include "evaluators/duel.h"
#include "evaluators/lane.h"
#include "evaluators/race_stage.h"
#include "evaluators/stopwatch.h"

#define LANE_WAIT_NS 120000000000LL
#define LAYOUT_STEP 64
#define LAYOUT_SLOTS 64 /* paddings 0, 64, ... below 4096 */
#define POOL_LAYOUTS COMPILE_LAYOUTS_MAX
#define CLASS_PAIRS_LEAST 3 /* a median of fewer is one sample's word */
#define CLASS_PAIRS_MAX 4096
#define CLASS_PAIRS_ENOUGH 20 /* unless the job asks for more (measuring note 3.2) */
/* All classes of one layout together, past the least pairs of each: a promotion has twelve layouts
 * and shall not take more than about two seconds. */
#define BOUT_ENOUGH_NS 180000000LL
/*
 * Catalogue of cheats 47: a program may not buy a fast median with rare slow batches. The mean of
 * its CPU times over their median is near 1 for an honest program, and what the machine adds it adds
 * to the seed's as well: the challenger's is at most this many times the seed's.
 */
#define UNEVEN_MOST 1.3

struct duel {
	struct rig *rig;
	const struct job_duel *job;
	struct job_duel_result *result;
	struct random layouts_random;
	int report_layouts;
	struct compile_result challenger,
		incumbent; /* images of the challenger: the contest's, then the report's */
	bool has_challenger, has_incumbent;
	struct stopwatch watch;
	bool calibrated;
	int64_t boxes_cpu_ns;
	struct job_cost race; /* what run_race took; the rest is the duel's */
	double works[2]; /* sums of CPU time over the median of its layout and class, over the
			    report: of the seed, of the challenger */
};

/* The two processes of one layout. */
struct bout {
	struct clade_run *trusted, *challenger;
};

/* What steps answer, beside 0 and errors. */
enum { SETTLED = 1, TRUSTED_FELL = 2 };

static int settled(struct duel *d, enum verdict verdict, char *reason)
{
	free(d->result->reason);
	d->result->verdict = verdict;
	d->result->reason = reason;
	return SETTLED;
}

/* ---- images ---- */

/* Distinct paddings in random order. */
static void draw_layouts(uint32_t *layouts, int count, struct random *r)
{
	uint32_t all[LAYOUT_SLOTS];

	for (uint32_t i = 0; i < LAYOUT_SLOTS; i++)
		all[i] = i * LAYOUT_STEP;
	for (int i = 0; i < count; i++) {
		int at = i + (int)random_below(r, (uint64_t)(LAYOUT_SLOTS - i));

		layouts[i] = all[at];
		all[at] = all[i];
	}
}

static int compile_side(struct compile_result *out, struct duel *d, const struct job_program *p,
	int count, enum verdict *verdict, char **reason, struct err *e)
{
	uint32_t layouts[COMPILE_LAYOUTS_MAX];

	draw_layouts(layouts, count, &d->layouts_random);
	return compile_stage_layouts(out, d->rig, p, layouts, count, verdict, reason, e);
}

/* For programs that compiled before: 0, TRUSTED_FELL with e saying how, or our own error. */
static int compile_trusted(struct compile_result *out, struct duel *d, const struct job_program *p,
	int count, struct err *e)
{
	enum verdict verdict;
	char *reason = NULL;
	int rc = compile_side(out, d, p, count, &verdict, &reason, e);

	if (rc == 1) {
		err_set(e, ERR_CHILD, "%s: %s", verdict_rows[verdict].name, reason);
		rc = TRUSTED_FELL;
	}
	free(reason);
	return rc;
}

/*
 * An incumbent that fails today, in the compiler or on the inputs, holds its cell no longer: the
 * challenger is reported as for an empty cell.
 */
static void incumbent_fell(struct duel *d, const struct err *how)
{
	struct job_duel_result *result = d->result;

	free(result->reason);
	result->reason = text_format("the incumbent failed: %s", how->text);
	result->ratio = result->ratio_low = result->ratio_high = NAN;
}

static bool pool_holds(const struct rig_pool *pool, const struct job_program *seed)
{
	return pool->filled && pool->source_bytes == seed->source_bytes &&
		memcmp(pool->source, seed->source, seed->source_bytes) == 0;
}

static int fill_pool(struct duel *d, struct err *e)
{
	struct rig_pool *pool = &d->rig->pool;
	const struct job_program *seed = &d->job->seed;
	struct compile_result images;
	int rc;

	if (pool_holds(pool, seed) && !seed->flags[0])
		return 0;
	rc = compile_trusted(&images, d, seed, POOL_LAYOUTS, e);
	if (rc == TRUSTED_FELL) {
		err_in(e, "the seed does not compile any more");
		return ERR_CHILD;
	}
	if (rc < 0)
		return rc;
	if (pool->filled)
		compile_result_release(&pool->images);
	free(pool->source);
	*pool = (struct rig_pool){ images, memory_copy(seed->source, seed->source_bytes),
		seed->source_bytes, true };
	return 0;
}

static int compile_all(struct duel *d, struct err *e)
{
	const struct job_duel *job = d->job;
	struct err fallen = { 0 };
	enum verdict verdict;
	char *reason = NULL;
	int rc;

	d->report_layouts = job->layouts < COMPILE_LAYOUTS_MAX - job->layouts
		? job->layouts
		: COMPILE_LAYOUTS_MAX - job->layouts;
	rc = compile_side(&d->challenger, d, &job->challenger, job->layouts + d->report_layouts,
		&verdict, &reason, e);
	if (rc == 1)
		return settled(d, verdict, reason);
	if (rc < 0)
		return rc;
	d->has_challenger = true;
	if (job->incumbent.source) {
		rc = compile_trusted(&d->incumbent, d, &job->incumbent, job->layouts, &fallen);
		if (rc < 0)
			return err_set(e, fallen.code, "%s", fallen.text);
		if (rc == TRUSTED_FELL)
			incumbent_fell(d, &fallen);
		d->has_incumbent = rc == 0;
	}
	return fill_pool(d, e);
}

/* ---- one layout ---- */

static void end_bout(struct duel *d, struct bout *b)
{
	struct clade_run *runs[] = { b->trusted, b->challenger };

	for (int i = 0; i < 2; i++)
		d->boxes_cpu_ns += runs[i] ? host_run_cpu_ns(runs[i]) : 0;
	stopwatch_audit(&d->watch, b->challenger);
	host_run_end(b->trusted);
	host_run_end(b->challenger);
	*b = (struct bout){ 0 };
}

/* What a fault means: the challenger's settles the duel, a trusted side's is put in e for whoever
 * wants it. */
static int fell(struct duel *d, bool trusted, struct stopwatch_fault *fault, struct err *e)
{
	if (!trusted)
		return settled(d, fault->verdict, fault->reason);
	err_set(e, ERR_CHILD, "%s: %s", verdict_rows[fault->verdict].name, fault->reason);
	free(fault->reason);
	fault->reason = NULL;
	return TRUSTED_FELL;
}

static int start_bout(
	struct bout *b, struct duel *d, int trusted_image, int challenger_image, struct err *e)
{
	char refused[HOST_REASON_MAX] = "";
	struct stopwatch_fault fault = { 0 };
	struct host_start s = rig_start(d->rig, trusted_image);
	int rc = host_run_start(&b->trusted, &s, &fault.verdict, refused, e);

	if (rc == 0) {
		s = rig_start(d->rig, challenger_image);
		rc = host_run_start(&b->challenger, &s, &fault.verdict, refused, e);
	}
	if (rc == 1)
		fault.reason = text_copy(refused);
	if (rc == 0 && !d->calibrated) {
		rc = stopwatch_calibrate(&d->watch, b->trusted, &fault, e);
		d->calibrated = rc == 0;
		return rc == 1 ? fell(d, true, &fault, e) : rc;
	}
	return rc == 1 ? fell(d, b->trusted == NULL, &fault, e) : rc;
}

static int pair(double *v, struct duel *d, const struct bout *b, int class_index, struct err *e)
{
	struct clade_run *const sides[2] = { b->trusted, b->challenger };
	struct stopwatch_fault fault = { 0 };
	int rc = stopwatch_pair(v, &d->watch, sides, class_index, &fault, e);

	return rc == 1 ? fell(d, fault.side == 0, &fault, e) : rc;
}

/* How many pairs of a class go into one layout's median, if time allows. */
static int class_pairs(const struct duel *d)
{
	int pairs = d->job->pairs;

	if (pairs < CLASS_PAIRS_ENOUGH)
		pairs = CLASS_PAIRS_ENOUGH;
	return pairs < CLASS_PAIRS_MAX ? pairs : CLASS_PAIRS_MAX;
}

static void keep_works(struct duel *d)
{
	const struct stopwatch *w = &d->watch;

	for (int side = 0; side < 2; side++) {
		double median = duel_median(w->work[side], w->work_count, 0.05).estimate;

		for (int i = 0; i < w->work_count; i++)
			d->works[side] += w->work[side][i] / median;
	}
}

static int class_median(
	double *out, struct duel *d, const struct bout *b, int class_index, struct err *e)
{
	int most = class_pairs(d), count = 0, rc = 0;
	double *v = memory_array((size_t)most, sizeof(*v));
	int64_t stop_ns = clock_now_ns() + BOUT_ENOUGH_NS / d->rig->class_count;

	d->watch.work_count = 0;
	while (rc == 0 && count < most && (count < CLASS_PAIRS_LEAST || clock_now_ns() < stop_ns))
		rc = pair(&v[count++], d, b, class_index, e);
	if (rc == 0) {
		*out = duel_median(v, count, 0.05).estimate;
		keep_works(d);
	}
	free(v);
	return rc;
}

/* Medians of every class in one layout; *mean is the layout's own value. Adds the medians to sums.
 */
static int measure_layout(
	double *mean, double *sums, struct duel *d, const struct bout *b, struct err *e)
{
	int classes = d->rig->class_count;

	*mean = 0;
	for (int i = 0; i < classes; i++) {
		double median;
		int rc = class_median(&median, d, b, i, e);

		if (rc != 0)
			return rc;
		*mean += median / classes;
		sums[i] += median;
	}
	return 0;
}

/* ---- race, contest, report ---- */

static int run_race(struct duel *d, const struct bout *b, struct err *e)
{
	struct cost_meter meter = cost_start();
	struct duel_rule rule = duel_race_rule;
	struct duel_race state = { 0 };
	enum duel_state decided = DUEL_OPEN;
	int rows = 0;

	rule.delta_min = d->job->delta_min;
	while (decided == DUEL_OPEN) {
		double v;
		int rc = pair(&v, d, b, state.pairs % d->rig->class_count, e);

		if (rc != 0)
			return rc;
		decided = duel_race_add(&state, &rule, v);
	}
	cost_add(&d->race, &rows, CASCADE_RACE, meter, host_run_cpu_ns(b->challenger));
	if (decided == DUEL_NOT_FASTER)
		return settled(d, VERDICT_SLOWER,
			text_format("faster than the incumbent in %d of %d pairs", state.faster,
				state.pairs));
	return 0;
}

static int judge(struct duel *d, const double *values)
{
	struct duel_interval over = duel_layouts(values, d->job->layouts);
	struct job_duel_result *result = d->result;

	result->ratio = exp(over.estimate);
	result->ratio_low = exp(over.low);
	result->ratio_high = exp(over.high);
	if (duel_replaces(over, d->job->delta_min))
		return 0;
	return settled(d, VERDICT_SLOWER,
		text_format("%.4f (%.4f to %.4f) times the incumbent's speed over %d layouts",
			result->ratio, result->ratio_low, result->ratio_high, d->job->layouts));
}

static int run_contest(struct duel *d, struct err *e)
{
	double values[JOB_LAYOUTS_MAX], sums[CLADE_CLASSES_MAX] = { 0 };
	int rc = 0;

	for (int i = 0; rc == 0 && i < d->job->layouts; i++) {
		struct bout b = { 0 };

		rc = start_bout(&b, d, d->incumbent.images[i], d->challenger.images[i], e);
		if (rc == 0 && i == 0)
			rc = run_race(d, &b, e);
		if (rc == 0)
			rc = measure_layout(&values[i], sums, d, &b, e);
		end_bout(d, &b);
	}
	return rc == 0 ? judge(d, values) : rc;
}

static int publish(struct duel *d, const double *values, const double *sums)
{
	struct job_duel_result *result = d->result;
	struct duel_interval over = duel_layouts(values, d->report_layouts);

	result->report = exp(over.estimate);
	result->report_low = exp(over.low);
	result->report_high = exp(over.high);
	result->class_count = d->rig->class_count;
	for (int i = 0; i < result->class_count; i++) {
		result->class_ratio[i] = exp(sums[i] / d->report_layouts);
		if (!(result->class_ratio[i] <= RACE_RATIO_MAX))
			return settled(d, VERDICT_CHEAT,
				text_format("%g times the seed's speed cannot be",
					result->class_ratio[i]));
	}
	/* Mean over median of either side; both have as many batches. */
	if (d->works[1] > UNEVEN_MOST * d->works[0])
		return settled(d, VERDICT_SLOWER,
			text_format("uneven: its mean time over its median time is %.2f times the "
				    "seed's",
				d->works[1] / d->works[0]));
	return 0;
}

/* New processes, new layouts, new inputs: nothing of the contest's luck is in these numbers. */
static int run_report(struct duel *d, struct err *e)
{
	double values[COMPILE_LAYOUTS_MAX], sums[CLADE_CLASSES_MAX] = { 0 };
	int first = (int)random_below(&d->layouts_random, POOL_LAYOUTS), rc = 0;

	d->works[0] = d->works[1] = 0;
	for (int i = 0; rc == 0 && i < d->report_layouts; i++) {
		struct bout b = { 0 };
		int seed_image = d->rig->pool.images.images[(first + i) % POOL_LAYOUTS];

		rc = start_bout(&b, d, seed_image, d->challenger.images[d->job->layouts + i], e);
		if (rc == 0)
			rc = measure_layout(&values[i], sums, d, &b, e);
		end_bout(d, &b);
	}
	if (rc == TRUSTED_FELL) {
		err_in(e, "the seed fails while it is timed");
		return ERR_CHILD;
	}
	return rc == 0 ? publish(d, values, sums) : rc;
}

static int run_timed(struct duel *d, struct err *e)
{
	enum clade_stream stream = d->job->stream ? d->job->stream : CLADE_SEARCH;
	struct err fallen = { 0 };
	int rc = stopwatch_open(&d->watch, d->rig, stream, e);

	if (rc == 0 && d->has_incumbent) {
		rc = run_contest(d, &fallen);
		if (rc == TRUSTED_FELL) {
			incumbent_fell(d, &fallen);
			d->calibrated = false;
			rc = 0;
		} else if (rc < 0) {
			rc = err_set(e, fallen.code, "%s", fallen.text);
		}
	}
	if (rc == 0)
		rc = run_report(d, e);
	if (rc >= 0 && stopwatch_awake(&d->watch))
		rc = settled(d, VERDICT_CHEAT,
			text_copy("it worked between crossings, while it should have slept"));
	return rc;
}

static int run_locked(struct duel *d, struct err *e)
{
	struct lane *lane = NULL;
	struct cost_meter meter;
	int rc = d->rig->configure->lane ? lane_take(&lane, d->rig->cpu, LANE_WAIT_NS, e) : 0;

	if (rc < 0)
		return rc;
	meter = cost_start();
	rc = run_timed(d, e);
	if (d->race.stage)
		d->result->costs[d->result->cost_count++] = d->race;
	meter.wall_ns += d->race.wall_ns;
	meter.cpu_ns += d->race.cpu_ns;
	cost_add(d->result->costs, &d->result->cost_count, CASCADE_DUEL, meter, d->boxes_cpu_ns);
	d->result->pairs = d->watch.pairs;
	d->result->handoff_ns = d->watch.classes[0].handoff_ns;
	stopwatch_close(&d->watch);
	lane_give(lane);
	return rc;
}

int duel_stage_run(
	struct job_duel_result *out, struct rig *r, const struct job_duel *job, struct err *e)
{
	struct job_duel_result result = { .verdict = VERDICT_OK,
		.ratio = NAN,
		.ratio_low = NAN,
		.ratio_high = NAN,
		.report = NAN,
		.report_low = NAN,
		.report_high = NAN,
		.handoff_ns = NAN };
	struct duel d = { .rig = r, .job = job, .result = &result };
	struct cost_meter meter = cost_start();
	int rc;

	if (job->layouts < 1 || job->layouts > JOB_LAYOUTS_MAX || job->pairs < 1)
		return err_set(e, ERR_ARGS, "a duel takes 1 to %d layouts and at least one pair",
			JOB_LAYOUTS_MAX);
	rc = random_fresh(&d.layouts_random, e);
	if (rc == 0)
		rc = compile_all(&d, e);
	cost_add(result.costs, &result.cost_count, CASCADE_COMPILE, meter,
		d.has_challenger ? d.challenger.cpu_ns : 0);
	if (rc == 0)
		rc = run_locked(&d, e);
	if (d.has_challenger)
		compile_result_release(&d.challenger);
	if (d.has_incumbent)
		compile_result_release(&d.incumbent);
	if (rc < 0) {
		free(result.reason);
		return rc;
	}
	*out = result;
	return 0;
}
