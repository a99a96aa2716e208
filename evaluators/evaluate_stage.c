#include "evaluators/evaluate_stage.h"

#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/text.h"
#include "evaluators/cost.h"
#include "evaluators/race_stage.h"

#define PROBE_CALLS 4           /* small check of a timed problem: a few inputs of each class */
#define CHECK_ROUNDS_MAX 100000 /* an evaluator that never says "no further round" is broken */

/* What the steps share. A step answers 0 go on, 1 settled (verdict and reason stand in result), or
 * our own error. */
struct evaluation {
	struct rig *rig;
	const struct job_evaluate *job;
	struct job_evaluate_result *result;
	struct clade_run *run;
};

static int settle(struct evaluation *v, int answer, struct err *e)
{
	return rig_settle(&v->result->verdict, &v->result->reason, v->rig, v->run, answer, e);
}

static int refuse(struct evaluation *v, enum verdict verdict, char *reason)
{
	v->result->verdict = verdict;
	v->result->reason = reason;
	return 1;
}

/* ---- with the evaluator's own simulation ---- */

static int evaluate_stream(
	struct evaluation *v, enum clade_stream stream, double *metrics, struct err *e)
{
	const struct clade_evaluator *evaluator = v->rig->evaluator;
	struct random inputs;

	rig_stream(&inputs, v->rig, stream);
	host_run_stream(v->run, &inputs);
	return settle(v,
		evaluator->evaluate(
			v->rig->state, host_table(v->rig->host), v->run, stream, metrics),
		e);
}

/* Certified bounds: past one, the hole is ours, and no score of this evaluator can be believed. */
static int check_metrics(struct evaluation *v, struct err *e)
{
	const struct clade_metric *m = v->rig->evaluator->metrics;

	for (int i = 0; i < v->rig->metric_count; i++) {
		double value = v->result->metrics[i];

		if (m[i].depends != CLADE_BEHAVIOUR)
			continue;
		if (!isfinite(value))
			return refuse(v, VERDICT_WRONG,
				text_format("its answers give no number for %s", m[i].name));
		if (m[i].direction == CLADE_MAXIMISE ? value > m[i].bound : value < m[i].bound)
			return err_set(e, ERR_CHILD,
				"%s is %.17g, past its certified bound %.17g: a hole in the evaluator %s",
				m[i].name, value, m[i].bound, v->rig->evaluator->name);
	}
	return 0;
}

/* ---- with fill and verify ---- */

static int cross_and_verify(struct evaluation *v, struct clade_batch *b, struct err *e)
{
	int answer = host_cross(v->run, b);

	if (answer == CLADE_OK)
		answer = v->rig->evaluator->verify(
			v->rig->state, host_table(v->rig->host), v->run, b);
	return settle(v, answer, e);
}

static int probe_classes(struct evaluation *v, struct err *e)
{
	const struct clade_evaluator *evaluator = v->rig->evaluator;
	const struct clade_host *table = host_table(v->rig->host);
	struct clade_random inputs;

	rig_stream(&inputs.stream, v->rig, CLADE_PROBE);
	for (int i = 0; i < v->rig->class_count; i++) {
		struct clade_batch *b = host_batch(v->run, PROBE_CALLS);
		int rc;

		if (evaluator->fill(v->rig->state, table, b, &inputs, CLADE_PROBE, i, 0) !=
				CLADE_OK ||
			table->calls(b) == 0)
			return err_set(e, ERR_CHILD, "evaluator %s filled no probe of class %s",
				evaluator->name, evaluator->classes[i]);
		if ((rc = cross_and_verify(v, b, e)) != 0)
			return rc;
	}
	return 0;
}

static int check_rounds(struct evaluation *v, struct err *e)
{
	const struct clade_evaluator *evaluator = v->rig->evaluator;
	const struct clade_host *table = host_table(v->rig->host);
	struct clade_random inputs;

	rig_stream(&inputs.stream, v->rig, CLADE_CHECK);
	for (int round = 0; round < CHECK_ROUNDS_MAX; round++) {
		struct clade_batch *b = host_batch(v->run, RUN_CALLS_MAX);
		int answer = evaluator->fill(
			    v->rig->state, table, b, &inputs, CLADE_CHECK, 0, round),
		    rc;

		if (answer == CLADE_WRONG && round > 0)
			return 0;
		if (answer != CLADE_OK || table->calls(b) == 0)
			break;
		if ((rc = cross_and_verify(v, b, e)) != 0)
			return rc;
	}
	return err_set(e, ERR_CHILD,
		"evaluator %s: its check stream has no rounds, an empty round or no end",
		evaluator->name);
}

/* ---- the path ---- */

static int small_check(struct evaluation *v, struct err *e)
{
	double ignored[CLADE_METRICS_MAX];
	int rc = 0;

	if (v->rig->evaluator->evaluate)
		rc = evaluate_stream(v, CLADE_PROBE, ignored, e);
	if (rc == 0 && v->rig->evaluator->timed)
		rc = probe_classes(v, e);
	return rc;
}

static int full_check(struct evaluation *v, struct err *e)
{
	int rc = 0;

	if (v->rig->evaluator->timed)
		rc = check_rounds(v, e);
	if (rc == 0 && v->rig->evaluator->evaluate) {
		rc = evaluate_stream(v, v->job->stream, v->result->metrics, e);
		if (rc == 0)
			rc = check_metrics(v, e);
	}
	return rc;
}

typedef int step_fn(struct evaluation *v, struct err *e);

static int run_step(struct evaluation *v, enum cascade_stage stage, step_fn *step, struct err *e)
{
	struct cost_meter meter = cost_start();
	int64_t before = host_run_cpu_ns(v->run);
	int rc = step(v, e);

	cost_add(v->result->costs, &v->result->cost_count, stage, meter,
		host_run_cpu_ns(v->run) - before);
	return rc;
}

static int check(struct evaluation *v, int image, struct err *e)
{
	struct host_start start = rig_start(v->rig, image);
	char refused[HOST_REASON_MAX] = "";
	int rc;

	if (!v->rig->evaluator->timed && v->rig->configure->second_cpu >= 0) {
		start.channel = RUN_SPINNING;
		start.cpu = v->rig->configure->second_cpu;
	}
	rc = host_run_start(&v->run, &start, &v->result->verdict, refused, e);
	if (rc == 1)
		v->result->reason = text_copy(refused);
	if (rc == 0)
		rc = run_step(v, CASCADE_SMALL_CHECK, small_check, e);
	if (rc == 0)
		rc = run_step(v, CASCADE_FULL_CHECK, full_check, e);
	host_run_end(v->run);
	v->run = NULL;
	return rc;
}

int evaluate_stage_run(struct job_evaluate_result *out, struct rig *r,
	const struct job_evaluate *job, struct err *e)
{
	struct job_evaluate_result result = { .verdict = VERDICT_OK, .race_ratio = NAN };
	struct evaluation v = { .rig = r, .job = job, .result = &result };
	int image, rc;

	for (int i = 0; i < CLADE_METRICS_MAX; i++)
		result.metrics[i] = NAN;
	rc = rig_image_fd(&image, r, job->image, e);
	if (rc == 0)
		rc = check(&v, image, e);
	if (rc == 0 && r->evaluator->timed)
		rc = race_stage_run(&result, r, job, e);
	if (rc < 0) {
		free(result.reason);
		return rc;
	}
	*out = result;
	return 0;
}
