/*
 * evaluator.c of sgemm_small - C = A*B + C in float for n = 16, 64, 256: how many times faster than
 * the seed.
 *
 * Every element of every result is compared with a product in double, within n 2^-23 (|A||B| +
 * |C|): an order of summation passes, a lower precision does not. C stands between margins of
 * random floats, which have to stay as they are.
 *
 *   argument block: struct sgemm_header, A, B (or B, A)
 *   result block:   margin, C, margin (none before a guard page)
 *
 * The matrices of a batch come from a counter-based generator under a key that is drawn for each
 * batch from the stream, so that filling a batch costs less than timing it and no batch tells
 * anything about the next.
 */
#include <clade/evaluator.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_MAX 256
#define MARGIN 16                /* floats: C stays on a 64-byte boundary */
/* One call of n = 256, or 60-90 us of the smaller ones at the speed of the best kernels known. */
#define ARGUMENTS_BYTES (1u << 20)
#define RESULTS_BYTES (640u << 10)

/*
 * The argument block of adapter.c. a and b are offsets in floats behind the header; c, and the tail
 * behind C, are of the result block.
 */
struct sgemm_header { uint32_t n, a, b, c, tail, unused[11]; };

struct sgemm_state {
	/* The result blocks of the batch as they were filled, one after the other. */
	float initial[RESULTS_BYTES / sizeof(float)];
	size_t initial_count;
};

struct generator { uint64_t key, count; };

enum values { PLAIN, ZERO, NEGATIVE_ZERO, DENORMAL, LARGE, SPARSE, VALUES_COUNT };
enum order { A_THEN_B, B_THEN_A };

struct product {
	int n;
	unsigned misalign, flags;
	enum order order;
	enum values values;
};

/* ---- inputs ---- */

/* SplitMix64's output function over a counter; uniform in [-1, 1]. */
static void generator_fill(struct generator *g, float *out, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t z = g->key + (g->count + i) * 0x9e3779b97f4a7c15u;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
		out[i] = (float)(int32_t)(z >> 32) * 0x1p-31f;
	}
	g->count += count;
}

/* Bend uniform numbers to the kind of values that a round asks for. */
static void matrix_bend(float *x, size_t count, enum values values)
{
	for (size_t i = 0; i < count; i++)
		switch (values) {
		case ZERO: x[i] = 0; break;
		case NEGATIVE_ZERO: x[i] = -0.0f; break;
		case DENORMAL: x[i] *= 0x1p-130f; break;
		case LARGE: x[i] *= 0x1p+56f; break;      /* 256 products stay below FLT_MAX */
		case SPARSE: x[i] = i % 3 == 0 ? x[i] : 0; break;
		default: break;
		}
}

static int product_add(struct sgemm_state *s, const struct clade_host *host,
	struct clade_batch *b, struct generator *g, struct product p)
{
	size_t elements = (size_t)p.n * (size_t)p.n;
	size_t tail = p.flags & CLADE_AT_END ? 0 : MARGIN;
	size_t result_count = MARGIN + elements + tail;
	size_t argument_bytes = sizeof(struct sgemm_header) + 2 * elements * sizeof(float);
	struct sgemm_header *header;
	float *floats, *initial = s->initial + s->initial_count;
	void *arguments, *results;

	if (s->initial_count + result_count > sizeof s->initial / sizeof s->initial[0] ||
	    host->add(b, argument_bytes, result_count * sizeof(float), p.misalign, p.flags,
		    &arguments, &results) != 0)
		return CLADE_FAILED;
	header = arguments;
	floats = (float *)(header + 1);
	*header = (struct sgemm_header){ .n = (uint32_t)p.n, .c = MARGIN, .tail = (uint32_t)tail };
	*(p.order == A_THEN_B ? &header->b : &header->a) = (uint32_t)elements;
	generator_fill(g, floats, 2 * elements);
	generator_fill(g, initial, result_count);
	/* Denormal times ordinary is denormal; denormal times denormal would be nothing. */
	matrix_bend(floats + header->a, elements, p.values);
	matrix_bend(floats + header->b, elements, p.values == DENORMAL ? PLAIN : p.values);
	matrix_bend(initial + MARGIN, elements, p.values);
	memcpy(results, initial, result_count * sizeof(float));
	s->initial_count += result_count;
	return CLADE_OK;
}

/* Boundary sizes in four places each, then special values. */
static int check_round(struct product *p, int round)
{
	static const int sizes[] = { 0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 64, 65, 100 };
	static const struct product places[] = {
		{ .misalign = 0 },
		{ .misalign = 4 },
		{ .flags = CLADE_AT_END, .order = A_THEN_B },
		{ .flags = CLADE_AT_END, .order = B_THEN_A },
	};
	static const int special_sizes[] = { 3, 16, 33, 64 };
	enum {
		SIZES = sizeof sizes / sizeof sizes[0],
		PLACES = sizeof places / sizeof places[0],
		SPECIAL_SIZES = sizeof special_sizes / sizeof special_sizes[0],
	};

	if (round < SIZES * PLACES) {
		*p = places[round / SIZES];
		p->n = sizes[round % SIZES];
		return 1;
	}
	round -= SIZES * PLACES;
	if (round >= (VALUES_COUNT - 1) * SPECIAL_SIZES)
		return 0;
	*p = (struct product){
		.n = special_sizes[round % SPECIAL_SIZES],
		.values = PLAIN + 1 + round / SPECIAL_SIZES,
	};
	return 1;
}

/* A timed batch takes as many calls as the host has room for; the regions hold 496, 31 and 1. */
static int sgemm_fill(void *state, const struct clade_host *host, struct clade_batch *b,
	struct clade_random *r, enum clade_stream stream, int class_index, int round)
{
	static const int class_n[] = { 16, 64, 256 };
	struct sgemm_state *s = state;
	struct generator g = { .key = host->random_u64(r) };
	struct product p;

	s->initial_count = 0;
	if (stream == CLADE_CHECK)
		return check_round(&p, round) ? product_add(s, host, b, &g, p) : CLADE_WRONG;
	p = (struct product){ .n = class_n[class_index] };
	while (product_add(s, host, b, &g, p) == CLADE_OK)
		;
	return host->calls(b) > 0 ? CLADE_OK : CLADE_FAILED;
}

/* ---- the check ---- */

/*
 * Row i of A*B and of |A||B| in double. Four rows of B at a time: one pass over the sums for eight
 * multiply-adds.
 */
static void row_product(double *restrict sum, double *restrict magnitude, const float *a,
	const float *restrict b, size_t n)
{
	size_t k = 0;

	for (size_t j = 0; j < n; j++)
		sum[j] = magnitude[j] = 0;
	for (; k + 4 <= n; k += 4) {
		const float *b0 = b + k * n, *b1 = b0 + n, *b2 = b1 + n, *b3 = b2 + n;
		double a0 = a[k], a1 = a[k + 1], a2 = a[k + 2], a3 = a[k + 3];

		for (size_t j = 0; j < n; j++) {
			double t0 = a0 * b0[j], t1 = a1 * b1[j], t2 = a2 * b2[j], t3 = a3 * b3[j];

			sum[j] += (t0 + t1) + (t2 + t3);
			magnitude[j] += (fabs(t0) + fabs(t1)) + (fabs(t2) + fabs(t3));
		}
	}
	for (; k < n; k++)
		for (size_t j = 0; j < n; j++) {
			double t = (double)a[k] * b[k * n + j];

			sum[j] += t;
			magnitude[j] += fabs(t);
		}
}

/* n 2^-148 is what underflow may lose. */
static inline int is_wrong(float after, float before, double sum, double magnitude, double n)
{
	double bound = n * 0x1p-23 * (magnitude + fabsf(before)) + n * 0x1p-148;

	return !(fabs(after - (sum + before)) <= bound);
}

/*
 * The first wrong column of a row, or n. Counting first keeps the loop that always runs free of
 * branches.
 */
static size_t row_compare(const float *after, const float *before, const double *sum,
	const double *magnitude, size_t n)
{
	size_t wrong = 0, j = 0;

	for (size_t i = 0; i < n; i++)
		wrong += (size_t)is_wrong(after[i], before[i], sum[i], magnitude[i], (double)n);
	if (wrong == 0)
		return n;
	while (!is_wrong(after[j], before[j], sum[j], magnitude[j], (double)n))
		j++;
	return j;
}

static int margins_verify(const struct clade_host *host, struct clade_run *run,
	const struct sgemm_header *header, const float *before, const float *after)
{
	size_t end = header->c + (size_t)header->n * header->n;

	if (memcmp(before, after, header->c * sizeof(float)) == 0 &&
	    memcmp(before + end, after + end, header->tail * sizeof(float)) == 0)
		return CLADE_OK;
	host->explain(run, "n = %u: something outside C was overwritten", header->n);
	return CLADE_WRONG;
}

/* before, after: C as it was filled and as the candidate left it. */
static int product_verify(const struct clade_host *host, struct clade_run *run,
	const struct sgemm_header *header, const float *before, const float *after)
{
	const float *floats = (const float *)(header + 1);
	const float *a = floats + header->a, *b = floats + header->b;
	size_t n = header->n;
	double sum[N_MAX], magnitude[N_MAX];

	for (size_t i = 0; i < n; i++, a += n, before += n, after += n) {
		size_t j;

		row_product(sum, magnitude, a, b, n);
		j = row_compare(after, before, sum, magnitude, n);
		if (j == n)
			continue;
		host->explain(run, "n = %zu: C[%zu][%zu] is %.9g instead of %.9g", n, i, j,
			after[j], sum[j] + before[j]);
		return CLADE_WRONG;
	}
	return CLADE_OK;
}

static int sgemm_verify(void *state, const struct clade_host *host, struct clade_run *run,
	const struct clade_batch *b)
{
	const struct sgemm_state *s = state;
	const float *before = s->initial;
	int answer = CLADE_OK;

	for (int call = 0; answer == CLADE_OK && call < host->calls(b); call++) {
		const struct sgemm_header *header = host->arguments(b, call);
		const float *after = host->results(b, call);
		uint32_t c = header->c;

		answer = margins_verify(host, run, header, before, after);
		if (answer == CLADE_OK)
			answer = product_verify(host, run, header, before + c, after + c);
		before += header->c + (size_t)header->n * header->n + header->tail;
	}
	return answer;
}

static int sgemm_open(void **state, const struct clade_host *host)
{
	(void)host;
	*state = calloc(1, sizeof(struct sgemm_state));
	return *state != NULL ? CLADE_OK : CLADE_FAILED;
}

static void sgemm_close(void *state)
{
	free(state);
}

static const char *const functions[] = {
	"void sgemm(size_t n, const float *A, const float *B, float *C)", NULL,
};
static const char *const classes[] = { "16", "64", "256", NULL };
/* gcc makes calls of these from loops that fill and copy. */
static const char *const imports[] = { "memcpy", "memmove", "memset", NULL };

static const struct clade_metric metrics[] = {
	{
		.name = "speedup", .unit = "x",
		.text = "times faster than the seed, over all sizes",
		.direction = CLADE_MAXIMISE, .depends = CLADE_CODE, .bound = NAN,
	},
	{ .name = NULL },
};

static const struct clade_feature features[] = {
	{
		.name = "code_bytes", .unit = "B", .text = "machine code of the kernel",
		.low = 64, .high = 16384, .bins = 8, .scale = CLADE_LOG2,
		.outside = CLADE_CLAMP, .source = CLADE_FROM_CODE_BYTES,
	},
	{
		.name = "best_size", .unit = "",
		.text = "the size at which it gains most: 0 is 16, 1 is 64, 2 is 256",
		.low = -0.5, .high = 2.5, .bins = 3, .scale = CLADE_LINEAR,
		.outside = CLADE_CLAMP, .source = CLADE_FROM_BEST_CLASS,
	},
	{ .name = NULL },
};

const struct clade_evaluator clade_evaluator = {
	.abi = CLADE_EVALUATOR_ABI,
	.name = "sgemm_small",
	.summary = "C = A*B + C in float for n = 16, 64, 256",
	.kind = CLADE_KIND_LOOPS,
	.functions = functions,
	.imports = imports,
	.syntax = CLADE_SYNTAX_ALL &
		~(CLADE_SYNTAX_ASM | CLADE_SYNTAX_PREPROCESSOR | CLADE_SYNTAX_GOTO),
	.metrics = metrics,
	.fitness = "speedup",
	.features = features,
	.arguments_bytes = ARGUMENTS_BYTES,
	.results_bytes = RESULTS_BYTES,
	.call_limit_ns = 1000000000,
	.open = sgemm_open,
	.close = sgemm_close,
	.timed = 1,
	.classes = classes,
	.fill = sgemm_fill,
	.verify = sgemm_verify,
};
