#include "evaluators/race_stage.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "evaluators/cost.h"
#include "evaluators/duel.h"
#include "evaluators/lane.h"
#include "evaluators/stopwatch.h"

#define LANE_WAIT_NS 120000000000LL /* a duel of another campaign on this core ends before */
#define RATIO_PAIRS \
	9 /* per input class: +-2 % at 4.5 % noise of a pair, enough to place it in the map */
#define RATIO_PAIRS_LEAST 5
#define RATIO_ENOUGH_NS 60000000LL /* batches of many ms are quiet: fewer pairs of them do */

struct race {
	struct rig *rig;
	struct job_evaluate_result *result;
	struct stopwatch watch;
	struct clade_run *candidate, *rival, *seed;
};

static int settled(struct race *race, enum verdict verdict, char *reason)
{
	free(race->result->reason);
	race->result->verdict = verdict;
	race->result->reason = reason;
	return 1;
}

static int start(struct clade_run **run, struct race *race, struct frame_blob image,
	struct stopwatch_fault *fault, struct err *e)
{
	char refused[HOST_REASON_MAX] = "";
	struct host_start s;
	int fd, rc = rig_image_fd(&fd, race->rig, image, e);

	if (rc < 0)
		return rc;
	s = rig_start(race->rig, fd);
	rc = host_run_start(run, &s, &fault->verdict, refused, e);
	if (rc == 1)
		fault->reason = text_copy(refused);
	return rc;
}

/* The candidate passed these checks a moment ago; the seed passed them when the campaign began. */
static int start_sides(struct race *race, const struct job_evaluate *job, struct err *e)
{
	struct stopwatch_fault fault = { 0 };
	int rc;

	if (job->seed.size == 0)
		return err_set(e, ERR_ARGS, "a timed evaluation needs the seed's image");
	rc = start(&race->seed, race, job->seed, &fault, e);
	if (rc == 1) {
		err_set(e, ERR_ARGS, "the seed does not start: %s", fault.reason);
		free(fault.reason);
		return ERR_ARGS;
	}
	if (rc == 0)
		rc = start(&race->candidate, race, job->image, &fault, e);
	if (rc == 1)
		return settled(race, fault.verdict, fault.reason);
	if (rc == 0 && job->rival.size > 0)
		rc = start(&race->rival, race, job->rival, &fault, e);
	if (rc == 1) { /* a rival that no longer runs is no rival */
		free(fault.reason);
		rc = 0;
	}
	return rc;
}

/* A pair of a trusted side and the candidate: 0, 1 settled, 2 the trusted side fell. */
static int pair(
	double *v, struct race *race, struct clade_run *trusted, int class_index, struct err *e)
{
	struct clade_run *const sides[2] = { trusted, race->candidate };
	struct stopwatch_fault fault = { 0 };
	int rc = stopwatch_pair(v, &race->watch, sides, class_index, &fault, e);

	if (rc != 1)
		return rc;
	if (fault.side == 1)
		return settled(race, fault.verdict, fault.reason);
	err_set(e, ERR_CHILD, "%s", fault.reason);
	free(fault.reason);
	return 2;
}

static int calibrate(struct race *race, struct err *e)
{
	struct stopwatch_fault fault = { 0 };
	int rc = 1;

	if (race->rival) {
		rc = stopwatch_calibrate(&race->watch, race->rival, &fault, e);
		if (rc == 1) {
			host_run_end(race->rival);
			race->rival = NULL;
			free(fault.reason);
		}
	}
	if (rc == 1)
		rc = stopwatch_calibrate(&race->watch, race->seed, &fault, e);
	if (rc == 1) {
		rc = err_set(e, ERR_CHILD, "the seed fails while it is timed: %s", fault.reason);
		free(fault.reason);
	}
	return rc;
}

static int run_race(struct race *race, double delta_min, struct err *e)
{
	struct duel_rule rule = duel_race_rule;
	struct duel_race state = { 0 };
	enum duel_state decided = DUEL_OPEN;
	double seen[64];

	if (delta_min > 0)
		rule.delta_min = delta_min;
	while (decided == DUEL_OPEN) {
		int rc = pair(&seen[state.pairs], race, race->rival,
			state.pairs % race->rig->class_count, e);

		if (rc == 2)
			return 0;
		if (rc != 0)
			return rc;
		decided = duel_race_add(&state, &rule, seen[state.pairs]);
	}
	race->result->race_ratio = exp(duel_median(seen, state.pairs, 0.05).estimate);
	if (decided == DUEL_NOT_FASTER)
		return settled(race, VERDICT_SLOWER,
			text_format("%.3f times its rival's speed after %d pairs",
				race->result->race_ratio, state.pairs));
	return 0;
}

static int class_ratio(double *out, struct race *race, int class_index, struct err *e)
{
	int64_t begun_ns = clock_now_ns();
	double seen[RATIO_PAIRS];
	int n;

	for (n = 0; n < RATIO_PAIRS &&
		(n < RATIO_PAIRS_LEAST || clock_now_ns() - begun_ns < RATIO_ENOUGH_NS);
		n++) {
		int rc = pair(&seen[n], race, race->seed, class_index, e);

		if (rc == 2) {
			err_in(e, "the seed fails while it is timed");
			return ERR_CHILD;
		}
		if (rc != 0)
			return rc;
	}
	*out = exp(duel_median(seen, n, 0.05).estimate);
	if (!(*out <= RACE_RATIO_MAX))
		return settled(race, VERDICT_CHEAT,
			text_format("%g times the seed's speed on class %s cannot be", *out,
				race->rig->evaluator->classes[class_index]));
	return 0;
}

static int run_ratios(struct race *race, double floor, struct err *e)
{
	struct job_evaluate_result *result = race->result;
	double sum = 0, ratio;

	for (int i = 0; i < race->rig->class_count; i++) {
		int rc = class_ratio(&result->class_ratio[i], race, i, e);

		if (rc != 0)
			return rc;
		sum += log(result->class_ratio[i]);
	}
	result->class_count = race->rig->class_count;
	ratio = exp(sum / result->class_count);
	result->metrics[race->rig->fitness_index] = ratio;
	if (ratio < floor)
		return settled(race, VERDICT_SLOWER,
			text_format("%.3f times the seed's speed, less than %.3f", ratio, floor));
	return 0;
}

static int run_all(struct race *race, const struct job_evaluate *job, struct err *e)
{
	int rc = stopwatch_open(&race->watch, race->rig, job->stream, e);

	if (rc == 0)
		rc = start_sides(race, job, e);
	if (rc == 0)
		rc = calibrate(race, e);
	if (rc == 0 && race->rival)
		rc = run_race(race, job->delta_min, e);
	if (rc == 0)
		rc = run_ratios(race, job->floor, e);
	stopwatch_audit(&race->watch, race->candidate);
	if (rc >= 0 && stopwatch_awake(&race->watch))
		rc = settled(race, VERDICT_CHEAT,
			text_copy("it worked between crossings, while it should have slept"));
	return rc;
}

static int64_t boxes_cpu(const struct race *race)
{
	const struct clade_run *runs[] = { race->candidate, race->rival, race->seed };
	int64_t sum = 0;

	for (int i = 0; i < 3; i++)
		sum += runs[i] ? host_run_cpu_ns(runs[i]) : 0;
	return sum;
}

int race_stage_run(struct job_evaluate_result *result, struct rig *r,
	const struct job_evaluate *job, struct err *e)
{
	struct race race = { .rig = r, .result = result };
	struct lane *lane = NULL;
	struct cost_meter meter;
	int rc = 0;

	if (r->configure->lane)
		rc = lane_take(&lane, r->cpu, LANE_WAIT_NS, e);
	if (rc < 0)
		return rc;
	meter = cost_start(); /* behind the lock: waiting is nobody's cost */
	rc = run_all(&race, job, e);
	result->pairs = race.watch.pairs;
	cost_add(result->costs, &result->cost_count, CASCADE_RACE, meter, boxes_cpu(&race));
	host_run_end(race.candidate);
	host_run_end(race.rival);
	host_run_end(race.seed);
	stopwatch_close(&race.watch);
	lane_give(lane);
	return rc;
}
