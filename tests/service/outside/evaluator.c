/*
 * evaluator.c of the test problem "outside" - cosine on [0, 1] by straight-line arithmetic, written as a stranger would, against the
 * installed header alone. `parameters: {crash: all | better}` makes it die by abort(): always, or only on a candidate that beats the seed;
 * `{hang: better}` makes it never return from such a candidate.
 */
#include <clade/evaluator.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifndef TEST_ABI
#define TEST_ABI CLADE_EVALUATOR_ABI
#endif
#define POINTS 500

static double largest_error(const struct clade_host *host, struct clade_run *run, enum clade_stream stream, int *answer)
{
	struct clade_batch *b = host->begin(run);
	double *x, *y, worst = 0;
	int n = stream == CLADE_PROBE ? 20 : POINTS;
	const double *in, *out;

	host->add(b, sizeof(double) * (POINTS + 1), sizeof(double) * POINTS, 0, 0, (void **)&x, (void **)&y);
	x[0] = n;
	for (int i = 0; i < n; i++)
		x[1 + i] = stream == CLADE_SEARCH ? (i + 0.5) / n : host->random_unit(host->random(run));
	*answer = host->cross(run, b);
	if (*answer != CLADE_OK)
		return NAN;
	in = host->arguments(b, 0);
	out = host->results(b, 0);
	for (int i = 0; i < n; i++) {
		double error = fabs(out[i] - cos(in[1 + i]));

		if (!(error <= 0.6)) {
			host->explain(run, "answer %g at x = %g is no cosine", out[i], in[1 + i]);
			*answer = CLADE_WRONG;
			return NAN;
		}
		if (error > worst)
			worst = error;
	}
	return worst;
}

static int evaluate(void *state, const struct clade_host *host, struct clade_run *run, enum clade_stream stream, double *metrics)
{
	const char *crash = host->parameter(host, "crash"), *hang = host->parameter(host, "hang");
	int answer;
	double worst = largest_error(host, run, stream, &answer);

	(void)state;
	if (answer != CLADE_OK)
		return answer;
	if (crash != NULL && (strcmp(crash, "all") == 0 || (strcmp(crash, "better") == 0 && stream == CLADE_SEARCH && worst < 0.039)))
		abort();
	while (hang != NULL && strcmp(hang, "better") == 0 && stream == CLADE_SEARCH && worst < 0.039)
		((volatile const char *)hang)[0];
	metrics[0] = -log10(worst + 1e-16);
	return CLADE_OK;
}

static const char *const functions[] = { "double cosine(double x)", NULL };
static const struct clade_terminal terminals[] = { { "x", "double", "the angle", 1 }, { NULL, NULL, NULL, 0 } };
static const struct clade_metric metrics[] = {
	{ "digits", "digits", "-log10 of the largest error", CLADE_MAXIMISE, CLADE_BEHAVIOUR, 16.1 },
	{ NULL, NULL, NULL, 0, 0, 0 },
};
static const struct clade_feature features[] = {
	{ "operations", "", "arithmetic operations", 0.5, 20.5, 20, CLADE_LINEAR, CLADE_CLAMP, CLADE_FROM_OPERATIONS },
	{ NULL, NULL, NULL, 0, 0, 0, 0, 0, 0 },
};

const struct clade_evaluator clade_evaluator = {
	.abi = TEST_ABI, .name = "outside", .summary = "cosine by a stranger", .kind = CLADE_KIND_NUMERIC,
	.functions = functions, .syntax = 0, .terminals = terminals, .metrics = metrics, .fitness = "digits", .features = features,
	.arguments_bytes = 16384, .results_bytes = 16384, .call_limit_ns = 1000000000, .evaluate = evaluate,
};
