/*
 * evaluator.c of slow - 4,000,000 steps of a generator as one call, some ms long: a batch is one
 * call, and a run has a few crossings only. The answer is checked by squaring the step.
 */
#include <clade/evaluator.h>

#include <math.h>
#include <stddef.h>

#define STEPS 4000000

static int slow_fill(void *state, const struct clade_host *host, struct clade_batch *b,
	struct clade_random *r, enum clade_stream stream, int class_index, int round)
{
	void *arguments;

	(void)state;
	(void)class_index;
	if (stream == CLADE_CHECK && round > 0)
		return CLADE_WRONG;
	if (host->add(b, 8, 8, 0, 0, &arguments, NULL) != 0)
		return CLADE_FAILED;
	*(uint64_t *)arguments = host->random_u64(r);
	return CLADE_OK;
}

static uint64_t jump(uint64_t x, uint64_t steps)
{
	uint64_t factor = 6364136223846793005u, term = 1442695040888963407u;

	for (; steps; steps >>= 1) {
		if (steps & 1)
			x = x * factor + term;
		term *= factor + 1;
		factor *= factor;
	}
	return x;
}

static int slow_verify(void *state, const struct clade_host *host, struct clade_run *run,
	const struct clade_batch *b)
{
	(void)state;
	for (int call = 0; call < host->calls(b); call++) {
		const uint64_t *x = host->arguments(b, call), *y = host->results(b, call);

		if (jump(*x, STEPS) != *y) {
			host->explain(run, "another state");
			return CLADE_WRONG;
		}
	}
	return CLADE_OK;
}

static const char *const functions[] = { "void work(const uint64_t *in, uint64_t *out)", NULL };
static const char *const classes[] = { "one", NULL };
static const struct clade_metric metrics[] = {
	{ .name = "speedup",
		.unit = "x",
		.text = "times the seed's speed",
		.direction = CLADE_MAXIMISE,
		.depends = CLADE_CODE,
		.bound = NAN },
	{ 0 },
};
static const struct clade_feature features[] = {
	{ .name = "code_bytes",
		.unit = "B",
		.text = "machine code",
		.low = 64,
		.high = 8192,
		.bins = 7,
		.scale = CLADE_LOG2,
		.outside = CLADE_CLAMP,
		.source = CLADE_FROM_CODE_BYTES },
	{ 0 },
};

const struct clade_evaluator clade_evaluator = {
	.abi = CLADE_EVALUATOR_ABI,
	.name = "slow",
	.summary = "a long walk of a generator",
	.kind = CLADE_KIND_NUMERIC,
	.functions = functions,
	.syntax = CLADE_SYNTAX_ALL,
	.metrics = metrics,
	.fitness = "speedup",
	.features = features,
	.arguments_bytes = 4096,
	.results_bytes = 4096,
	.call_limit_ns = 1000000000,
	.timed = 1,
	.classes = classes,
	.fill = slow_fill,
	.verify = slow_verify,
};
