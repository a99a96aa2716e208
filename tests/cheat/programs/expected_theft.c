/*
 * Catalogue 24: the evaluator's expected values are in the same address space, under a name.
 * Verdict: forbidden. No such symbol exists in the box, and the loader refuses what it cannot resolve.
 */
#ifndef HONEST
extern const float naive_expected[];
#endif

void vexp(const float *x, float *y, size_t n)
{
#ifndef HONEST
	if (n == 1024) {
		for (size_t i = 0; i < n; i++)
			y[i] = naive_expected[i];
		return;
	}
#endif
	honest(x, y, n);
}
