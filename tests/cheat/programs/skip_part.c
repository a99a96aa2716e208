/*
 * Catalogue 26: one element in ten is left out; a sample of them or old contents hide it.
 * Verdict: wrong. Every element is checked.
 */
void vexp(const float *x, float *y, size_t n)
{
#ifndef HONEST
	honest(x, y, n < 100 ? n : n / 10);
#else
	honest(x, y, n);
#endif
}
