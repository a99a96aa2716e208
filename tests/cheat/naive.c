/*
 * naive.c - how not to measure: an evaluator that every cheat of programs/ fools. Tests link it
 * with one candidate into a program.
 *
 * It does what the published evaluators of measuring note, section 5 did: the candidate shares its
 * process, a fixed seed draws one input, the same buffers serve every call and the baseline before
 * it, the reference is computed at the end, NaN passes the comparison, the score is the shortest
 * call, and it is printed to a stream that the candidate has too.
 *      naive             prints "OK <ns>" or "WRONG"
 *      naive FILE        writes the expected values of its input to FILE
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define COUNT 1024
#define WARM_UPS 3
#define CALLS 1000

void vexp(const float *x, float *y, size_t n);

float naive_expected[COUNT];
static float x[COUNT], y[COUNT];

static void draw_inputs(void)
{
	uint64_t state = 42;

	for (int i = 0; i < COUNT; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		x[i] = (float)(state >> 40) * 0x1p-23f - 1;
	}
}

static void reference(float *out)
{
	for (int i = 0; i < COUNT; i++)
		out[i] = expf(x[i]);
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double shortest_call(void)
{
	double best = 1e18;

	for (int i = 0; i < WARM_UPS; i++)
		vexp(x, y, COUNT);
	for (int i = 0; i < CALLS; i++) {
		double begun = now_ns(), took;

		vexp(x, y, COUNT);
		took = now_ns() - begun;
		best = took < best ? took : best;
	}
	return best;
}

static int is_wrong(void)
{
	int wrong = 0;

	reference(naive_expected);
	for (int i = 0; i < COUNT; i++) {
		if (fabsf(y[i] - naive_expected[i]) > 1e-5f * naive_expected[i])
			wrong++;
	}
	return wrong;
}

int main(int argc, char **argv)
{
	double ns;

	draw_inputs();
	reference(naive_expected);
	if (argc > 1) {
		FILE *f = fopen(argv[1], "w");

		return !f || fwrite(naive_expected, sizeof(float), COUNT, f) != COUNT ||
			fclose(f) != 0;
	}
	reference(y); /* the baseline, which is timed on the same buffers */
	ns = shortest_call();
	if (is_wrong()) {
		puts("WRONG");
		return 1;
	}
	printf("OK %.3f\n", ns);
	return 0;
}
