/*
 * Catalogue 22: every answer is NaN, and |NaN - e| > tolerance is false.
 * Verdict: wrong. The test is !(error <= tolerance).
 */
void vexp(const float *x, float *y, size_t n)
{
#ifndef HONEST
	(void)x;
	for (size_t i = 0; i < n; i++)
		y[i] = __builtin_nanf("");
#else
	honest(x, y, n);
#endif
}
