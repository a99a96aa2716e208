/*
 * evaluator.c of vexp - y[i] = exp(x[i]) for floats; every element of every call is checked against
 * exp in double.
 */
#include <clade/evaluator.h>

#include <math.h>
#include <string.h>

#define TIMED_COUNT 1024
#define RELATIVE 1e-6
#define SMALLEST 0x1p-149 /* half a denormal is what rounding may lose; a whole one is allowed */

static double draw(const struct clade_host *host, struct clade_random *r, double low, double high)
{
	return low + (high - low) * host->random_unit(r);
}

static int add_call(const struct clade_host *host, struct clade_batch *b, size_t n,
	unsigned misalign, unsigned flags, float **x)
{
	void *arguments;

	if (host->add(b, 8 + n * sizeof(float), n * sizeof(float), misalign, flags, &arguments,
		    NULL) != 0)
		return CLADE_FAILED;
	*(uint64_t *)arguments = n;
	*x = (float *)((uint64_t *)arguments + 1);
	return CLADE_OK;
}

static int fill_check(
	const struct clade_host *host, struct clade_batch *b, struct clade_random *r, int round)
{
	static const size_t counts[] = { 0, 1, 2, 3, 7, 8, 9, 15, 17, 31, 64, 100, 1000, 1023, 1024,
		1025 };
	static const float special[] = { 0, -0.0f, 0x1p-140f, -0x1p-140f, 1, -1, 88.7f, 88.8f,
		-87.4f, -100, -103.9f, -104.1f, 1000, -1000, INFINITY, -INFINITY, NAN };
	size_t rounds = sizeof(counts) / sizeof(counts[0]);
	unsigned misalign = round % 2 ? 4 : 0;
	float *x;

	if (round < 2 * (int)rounds) {
		size_t n = counts[round / 2];

		if (add_call(host, b, n, misalign, round % 2 ? 0 : CLADE_AT_END, &x) != CLADE_OK)
			return CLADE_FAILED;
		for (size_t i = 0; i < n; i++)
			x[i] = (float)draw(host, r, -90, 90);
		return CLADE_OK;
	}
	if (round > 2 * (int)rounds)
		return CLADE_WRONG;
	if (add_call(host, b, sizeof(special) / sizeof(special[0]), 0, 0, &x) != CLADE_OK)
		return CLADE_FAILED;
	memcpy(x, special, sizeof(special));
	return CLADE_OK;
}

static int vexp_fill(void *state, const struct clade_host *host, struct clade_batch *b,
	struct clade_random *r, enum clade_stream stream, int class_index, int round)
{
	double most = stream == CLADE_HOLDOUT ? 20 : 10;
	float *x;

	(void)state;
	(void)class_index;
	if (stream == CLADE_CHECK)
		return fill_check(host, b, r, round);
	while (add_call(host, b, TIMED_COUNT, 0, 0, &x) == CLADE_OK) {
		for (size_t i = 0; i < TIMED_COUNT; i++)
			x[i] = (float)draw(host, r, -most, most);
	}
	return host->calls(b) > 0 ? CLADE_OK : CLADE_FAILED;
}

static int is_right(float x, float y)
{
	double e = exp(x);

	if (isnan(x))
		return isnan(y);
	if ((float)e == INFINITY)
		return y == INFINITY;
	return fabs(y - e) <= RELATIVE * e + SMALLEST;
}

static int vexp_verify(void *state, const struct clade_host *host, struct clade_run *run,
	const struct clade_batch *b)
{
	(void)state;
	for (int call = 0; call < host->calls(b); call++) {
		const uint64_t *count = host->arguments(b, call);
		const float *x = (const float *)(count + 1), *y = host->results(b, call);

		for (uint64_t i = 0; i < *count; i++) {
			if (is_right(x[i], y[i]))
				continue;
			host->explain(
				run, "exp(%.9g) is %.9g instead of %.9g", x[i], y[i], exp(x[i]));
			return CLADE_WRONG;
		}
	}
	return CLADE_OK;
}

static const char *const functions[] = { "void vexp(const float *x, float *y, size_t n)", NULL };
static const char *const imports[] = { "memcpy", "memmove", "memset", NULL };
static const char *const classes[] = { "1024", NULL };
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
	.name = "vexp",
	.summary = "exp over short arrays of floats",
	.kind = CLADE_KIND_NUMERIC,
	.functions = functions,
	.imports = imports,
	.syntax = CLADE_SYNTAX_ALL,
	.metrics = metrics,
	.fitness = "speedup",
	.features = features,
	.arguments_bytes = 1 << 19,
	.results_bytes = 1 << 19,
	.call_limit_ns = 1000000000,
	.timed = 1,
	.classes = classes,
	.fill = vexp_fill,
	.verify = vexp_verify,
};
