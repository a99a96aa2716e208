#include "evaluators/tune_stage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/cost.h"

/* In place of NaN and infinity, so that a tuner can turn away from a pole; its square is still a
 * double. */
#define BAD_RESIDUAL 1e30

struct tuning {
	struct rig *rig;
	struct clade_run *run;
	int constant_count, evaluations;
	enum verdict verdict; /* once settled */
	char *reason;         /* owned */
	struct err failure;
};

/* worker_residuals_fn */
static int residuals_at(void *context, const double *constants, double *residuals)
{
	struct tuning *t = context;
	const struct clade_evaluator *v = t->rig->evaluator;
	struct random stream;
	int answer;

	if (t->reason || t->failure.code != 0)
		return 1;
	rig_stream(&stream, t->rig, CLADE_SEARCH);
	host_run_stream(t->run, &stream);
	host_run_constants(t->run, constants, t->constant_count);
	answer = v->residuals(t->rig->state, host_table(t->rig->host), t->run, residuals);
	t->evaluations++;
	if (rig_settle(&t->verdict, &t->reason, t->rig, t->run, answer, &t->failure) != 0)
		return 1;
	for (int i = 0; i < v->residual_count; i++) {
		if (!(fabs(residuals[i]) <= BAD_RESIDUAL))
			residuals[i] = BAD_RESIDUAL;
	}
	return 0;
}

/* Root mean square; NAN when the candidate died. */
static double rms_at(struct tuning *t, const double *constants)
{
	int count = t->rig->evaluator->residual_count;
	double *residuals = memory_array((size_t)count, sizeof(*residuals)), sum = 0;
	int rc = residuals_at(t, constants, residuals);

	for (int i = 0; i < count; i++)
		sum += residuals[i] * residuals[i];
	free(residuals);
	return rc == 0 ? sqrt(sum / count) : NAN;
}

static int all_finite(const double *values, int count)
{
	for (int i = 0; i < count; i++) {
		if (!isfinite(values[i]))
			return 0;
	}
	return 1;
}

/* The tuner's answer counts only if it is better than what it started from. */
static int tune(
	struct job_tune_result *out, struct tuning *t, const struct job_tune *job, struct err *e)
{
	double constants[JOB_CONSTANTS_MAX] = { 0 };
	int n = job->constant_count, rc;

	memcpy(constants, job->constants, (size_t)n * sizeof(*constants));
	memcpy(out->constants, constants, sizeof(constants));
	out->constant_count = n;
	out->before = out->after = rms_at(t, constants);
	if (t->reason || t->failure.code != 0)
		return 0;
	rc = t->rig->hooks->tune(constants, n, t->rig->evaluator->residual_count, residuals_at, t,
		job->crossings_max, e);
	if (rc < 0 && !t->reason && t->failure.code == 0)
		return rc;
	if (t->reason || !all_finite(constants, n))
		return 0;
	out->after = rms_at(t, constants);
	if (out->after < out->before)
		memcpy(out->constants, constants, sizeof(constants));
	else
		out->after = out->before;
	return 0;
}

int tune_stage_run(
	struct job_tune_result *out, struct rig *r, const struct job_tune *job, struct err *e)
{
	struct job_tune_result result = { .verdict = VERDICT_OK, .before = NAN, .after = NAN };
	struct tuning t = { .rig = r, .constant_count = job->constant_count };
	struct cost_meter meter = cost_start();
	char refused[HOST_REASON_MAX] = "";
	struct host_start start;
	int image, rc;

	rc = rig_image_fd(&image, r, job->image, e);
	if (rc < 0)
		return rc;
	start = rig_start(r, image);
	start.entry = "clade_tune_call";
	start.prefixed = true;
	rc = host_run_start(&t.run, &start, &t.verdict, refused, e);
	if (rc == 1)
		t.reason = text_copy(refused);
	else if (rc == 0)
		rc = tune(&result, &t, job, e);
	if (rc >= 0 && t.failure.code != 0)
		rc = err_set(e, t.failure.code, "%s", t.failure.text);
	if (t.reason)
		result.verdict = t.verdict;
	result.reason = t.reason;
	result.crossings = t.evaluations;
	cost_add(result.costs, &result.cost_count, CASCADE_TUNE, meter,
		t.run ? host_run_cpu_ns(t.run) : 0);
	host_run_end(t.run);
	if (rc < 0) {
		free(result.reason);
		return rc;
	}
	*out = result;
	return 0;
}
