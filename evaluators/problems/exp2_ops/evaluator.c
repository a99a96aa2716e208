/*
 * evaluator.c of exp2_ops - how many digits of 2^x on (0,1] a few arithmetic operations give.
 *
 *   points of the stream ── one crossing ──▶ the candidate's answers in double and in long double
 *                                            ──▶ largest relative error of each ──▶ digits
 *
 * Points: the search stream is a fixed grid, 20,000 uniform points and 2,000 log-spaced ones
 * between 1e-8 and 1e-5, where the uniform ones do not reach, so that scores compare with the
 * published rows; every other stream draws its points from all of (0,1]. A fixed grid is safe here:
 * the program is straight-line arithmetic on x alone, and its answer is compared at every point.
 * Reference: exp2l, good to an ulp of long double. An answer that is closer than its format can
 * tell is no better than the format: errors count as at least 2^-53 (double) and 2^-63 (long
 * double), so digits end at 15.95 and 18.96 and are never infinite.
 */
#include <clade/evaluator.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNIFORM_POINTS 20000
#define LOG_POINTS 2000
#define POINTS_MAX (UNIFORM_POINTS + LOG_POINTS)
#define PROBE_POINTS 48
#define NODES 64
#define LOWEST_X 1e-8

#define DOUBLE_FLOOR 0x1p-53L
#define EXACT_FLOOR 0x1p-63L
#define DOUBLE_DIGITS 15.955     /* 53 log10(2), rounded up */
#define EXACT_DIGITS 18.965      /* 63 log10(2), rounded up */

enum { METRIC_DIGITS, METRIC_EXACT };

struct points {
	int count;
	double x[POINTS_MAX];
	long double reference[POINTS_MAX];
};
struct exp2_state {
	struct points grid, drawn, nodes;
};

/* The blocks of adapter.c. */
struct exp2_points { uint64_t count; };
struct exp2_extended { uint64_t mantissa, sign_exponent; };

static void point_add(struct points *p, double x)
{
	p->x[p->count] = x;
	p->reference[p->count] = exp2l(x);
	p->count++;
}

/*
 * The double figure of f10 is rounding noise, which depends on the points: these give the published
 * 4.888e-15 (README.md).
 */
static double grid_log_point(int i)
{
	return pow(10, -8 + 3.0 * i / LOG_POINTS);
}

static void points_fill_grid(struct points *p)
{
	p->count = 0;
	for (int i = 1; i <= UNIFORM_POINTS; i++)
		point_add(p, (double)i / UNIFORM_POINTS);
	for (int i = 0; i < LOG_POINTS; i++)
		point_add(p, grid_log_point(i));
}

/* Chebyshev nodes: a least-squares fit on them is close to the minimax one. */
static void points_fill_nodes(struct points *p)
{
	const double pi = acos(-1);

	p->count = 0;
	for (int i = 0; i < NODES; i++)
		point_add(p, 0.5 - 0.5 * cos(pi * (i + 0.5) / NODES));
}

/* Uniform and log-uniform points of (0,1], and always both ends. */
static void points_draw(struct points *p, const struct clade_host *host, struct clade_random *r,
	int uniform, int logarithmic)
{
	p->count = 0;
	point_add(p, 1);
	point_add(p, LOWEST_X);
	while (p->count < uniform)
		point_add(p, 1 - host->random_unit(r));
	while (p->count < uniform + logarithmic)
		point_add(p, pow(LOWEST_X, host->random_unit(r)));
}

static int exp2_open(void **state, const struct clade_host *host)
{
	struct exp2_state *s = calloc(1, sizeof *s);

	(void)host;
	if (s == NULL)
		return CLADE_FAILED;
	points_fill_grid(&s->grid);
	points_fill_nodes(&s->nodes);
	*state = s;
	return CLADE_OK;
}

static void exp2_close(void *state)
{
	free(state);
}

/* One crossing for all points; *exact and *plain are the candidate's answers. */
static int points_cross(const struct points *p, const struct clade_host *host,
	struct clade_run *run, const struct exp2_extended **exact, const double **plain)
{
	size_t argument_bytes = sizeof(struct exp2_points) + p->count * sizeof(double);
	size_t result_bytes = p->count * (sizeof(struct exp2_extended) + sizeof(double));
	struct clade_batch *batch = host->begin(run);
	struct exp2_points *header;
	void *arguments, *results;

	if (host->add(batch, argument_bytes, result_bytes, 0, 0, &arguments, &results) != 0)
		return CLADE_FAILED;
	header = arguments;
	header->count = p->count;
	memcpy(header + 1, p->x, p->count * sizeof(double));
	if (host->cross(run, batch) != 0)
		return CLADE_STOPPED;
	*exact = host->results(batch, 0);
	*plain = (const double *)(*exact + p->count);
	return CLADE_OK;
}

static long double extended_value(const struct exp2_extended *bits)
{
	long double value;

	memcpy(&value, bits, sizeof value);
	return value;
}

/*
 * False for NaN, infinity and bit patterns that are no number: none of them has an error that is <=
 * LDBL_MAX.
 */
static int take_error(long double *largest, long double value, long double reference)
{
	long double error = fabsl(value - reference) / reference;

	if (!(error <= LDBL_MAX))
		return 0;
	if (error > *largest)
		*largest = error;
	return 1;
}

static double digits_of(long double error)
{
	return (double)-log10l(error);
}

static int points_measure(const struct points *p, const struct clade_host *host,
	struct clade_run *run, double *metrics)
{
	long double double_error = DOUBLE_FLOOR, exact_error = EXACT_FLOOR;
	const struct exp2_extended *exact;
	const double *plain;
	int answer = points_cross(p, host, run, &exact, &plain);

	for (int i = 0; answer == CLADE_OK && i < p->count; i++) {
		long double reference = p->reference[i];
		int plain_fine = take_error(&double_error, plain[i], reference);

		if (plain_fine && take_error(&exact_error, extended_value(&exact[i]), reference))
			continue;
		host->explain(run, "2^x is not a finite number in %s at x = %.17g",
			plain_fine ? "long double" : "double", p->x[i]);
		answer = CLADE_WRONG;
	}
	if (answer != CLADE_OK)
		return answer;
	metrics[METRIC_DIGITS] = digits_of(double_error);
	metrics[METRIC_EXACT] = digits_of(exact_error);
	return CLADE_OK;
}

static int exp2_evaluate(void *state, const struct clade_host *host, struct clade_run *run,
	enum clade_stream stream, double *metrics)
{
	struct exp2_state *s = state;

	if (stream == CLADE_SEARCH)
		return points_measure(&s->grid, host, run, metrics);
	if (stream == CLADE_HOLDOUT)
		points_draw(&s->drawn, host, host->random(run), UNIFORM_POINTS, LOG_POINTS);
	else
		points_draw(&s->drawn, host, host->random(run), PROBE_POINTS / 2, PROBE_POINTS / 2);
	return points_measure(&s->drawn, host, run, metrics);
}

/*
 * Relative errors of the double build; a constant that leads to infinity is the tuner's to avoid,
 * so it is passed on.
 */
static int exp2_residuals(void *state, const struct clade_host *host, struct clade_run *run,
	double *out)
{
	const struct points *p = &((struct exp2_state *)state)->nodes;
	const struct exp2_extended *exact;
	const double *plain;
	int answer = points_cross(p, host, run, &exact, &plain);

	for (int i = 0; answer == CLADE_OK && i < p->count; i++)
		out[i] = (double)((plain[i] - p->reference[i]) / p->reference[i]);
	return answer;
}

static const char *const functions[] = { "real exp2_approx(real x)", NULL };

static const struct clade_terminal terminals[] = {
	{ .text = "x", .type = "double", .meaning = "the argument, 0 < x <= 1" },
	{ .text = NULL },
};

static const struct clade_metric metrics[] = {
	[METRIC_DIGITS] = {
		.name = "digits", .unit = "digits",
		.text = "-log10 of the largest relative error in double",
		.direction = CLADE_MAXIMISE, .depends = CLADE_BEHAVIOUR, .bound = DOUBLE_DIGITS,
	},
	[METRIC_EXACT] = {
		.name = "digits_exact", .unit = "digits",
		.text = "-log10 of the largest relative error in long double",
		.direction = CLADE_MAXIMISE, .depends = CLADE_BEHAVIOUR, .bound = EXACT_DIGITS,
	},
	{ .name = NULL },
};

static const struct clade_feature features[] = {
	{
		.name = "operations", .unit = "", .text = "arithmetic operations of the program",
		.low = 0.5, .high = 12.5, .bins = 12, .scale = CLADE_LINEAR,
		.outside = CLADE_REFUSE, .source = CLADE_FROM_OPERATIONS,
	},
	{
		.name = "digits", .unit = "digits", .text = "digits in double",
		.low = 0, .high = 18, .bins = 18, .scale = CLADE_LINEAR,
		.outside = CLADE_CLAMP, .source = CLADE_FROM_METRIC,
	},
	{ .name = NULL },
};

const struct clade_evaluator clade_evaluator = {
	.abi = CLADE_EVALUATOR_ABI,
	.name = "exp2_ops",
	.summary = "2^x on (0,1] with as many digits as a few arithmetic operations give",
	.kind = CLADE_KIND_NUMERIC,
	.functions = functions,
	.imports = NULL,
	.syntax = 0,
	.terminals = terminals,
	.metrics = metrics,
	.fitness = "digits",
	.features = features,
	.arguments_bytes = 256u << 10,
	.results_bytes = 640u << 10,
	.call_limit_ns = 500000000,
	.open = exp2_open,
	.close = exp2_close,
	.evaluate = exp2_evaluate,
	.residual_count = NODES,
	.residuals = exp2_residuals,
};
