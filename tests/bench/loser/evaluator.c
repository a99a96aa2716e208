/*
 * evaluator.c of chain - one timed kernel of about 2.5 us a call, whose every result is compared with a chain of our own.
 *
 * Half a chain is forgotten with each step, so that only the last 64 terms are left in a double: the reference is as exact over the last 64 steps
 * as over all of them, and costs a twentieth of the call.
 */
#include <clade/evaluator.h>

#include <math.h>
#include <stddef.h>

#define COUNT 16
#define STEPS 1280
#define REMEMBERED 64

/* SplitMix64 under a key that is drawn for each batch, so that filling a batch costs less than timing it; [0, 1). */
static double draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static int chain_fill(void *state, const struct clade_host *host, struct clade_batch *b, struct clade_random *r, enum clade_stream stream,
	int class_index, int round)
{
	uint64_t key = host->random_u64(r);
	void *arguments;

	(void)state;
	(void)class_index;
	if (stream == CLADE_CHECK && round > 3)
		return CLADE_WRONG;
	while (host->add(b, sizeof(uint64_t) + COUNT * sizeof(double), sizeof(double), 0, 0, &arguments, NULL) == 0) {
		double *x = (double *)((uint64_t *)arguments + 1);

		*(uint64_t *)arguments = STEPS;
		for (int i = 0; i < COUNT; i++)
			x[i] = draw(&key);
	}
	return host->calls(b) > 0 ? CLADE_OK : CLADE_FAILED;
}

static int chain_verify(void *state, const struct clade_host *host, struct clade_run *run, const struct clade_batch *b)
{
	(void)state;
	for (int call = 0; call < host->calls(b); call++) {
		const double *x = (const double *)((const uint64_t *)host->arguments(b, call) + 1);
		double got = *(const double *)host->results(b, call), sum = 0;

		for (int i = STEPS - REMEMBERED; i < STEPS; i++)
			sum = sum * 0.5 + x[i % COUNT];
		if (!(fabs(got - sum) <= 1e-12)) {
			host->explain(run, "%.17g instead of %.17g", got, sum);
			return CLADE_WRONG;
		}
	}
	return CLADE_OK;
}

static const char *const functions[] = { "double chain(const double *x, size_t n, size_t steps)", NULL };
static const char *const classes[] = { "1280", NULL };

static const struct clade_metric metrics[] = {
	{ .name = "speedup", .unit = "x", .text = "times faster than the seed", .direction = CLADE_MAXIMISE, .depends = CLADE_CODE, .bound = NAN },
	{ .name = NULL },
};

static const struct clade_feature features[] = {
	{ .name = "code_bytes", .unit = "B", .text = "machine code of the kernel", .low = 16, .high = 4096, .bins = 8, .scale = CLADE_LOG2,
	  .source = CLADE_FROM_CODE_BYTES },
	{ .name = NULL },
};

const struct clade_evaluator clade_evaluator = {
	.abi = CLADE_EVALUATOR_ABI,
	.name = "chain",
	.summary = "a chain of dependent multiply-adds, for the bench of the race",
	.kind = CLADE_KIND_LOOPS,
	.functions = functions,
	.syntax = CLADE_SYNTAX_ALL,
	.metrics = metrics,
	.fitness = "speedup",
	.features = features,
	.arguments_bytes = 256u << 10,
	.results_bytes = 64u << 10,
	.call_limit_ns = 1000000000,
	.timed = 1,
	.classes = classes,
	.fill = chain_fill,
	.verify = chain_verify,
};
