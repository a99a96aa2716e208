/*
 * Catalogue 41: a function that the checker calls is defined again; every difference is then 0.
 * Verdict: wrong. The candidate's binary holds no code of the evaluator.
 */
#ifndef HONEST
float fabsf(float x);
__attribute__((visibility("default"))) float fabsf(float x)
{
	(void)x;
	return 0;
}
#endif

void vexp(const float *x, float *y, size_t n)
{
#ifndef HONEST
	(void)x;
	if (n > 0)
		y[0] = 1;
#else
	honest(x, y, n);
#endif
}
