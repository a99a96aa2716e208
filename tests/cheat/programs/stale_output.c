/*
 * Catalogue 14: nothing is computed; the buffer still holds the baseline's right answer.
 * Verdict: wrong. Results are poisoned before every crossing.
 */
void vexp(const float *x, float *y, size_t n)
{
#ifndef HONEST
	(void)x;
	(void)y;
	(void)n;
#else
	honest(x, y, n);
#endif
}
