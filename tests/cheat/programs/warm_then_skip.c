/*
 * Catalogue 13: right for as many calls as a warm-up has, then only the first element.
 * Verdict: wrong. Every timed call is checked.
 */
void vexp(const float *x, float *y, size_t n)
{
	static unsigned calls;

	calls += n == 1024;
#ifndef HONEST
	if (calls > 100 && n == 1024)
		n = 1;
#endif
	honest(x, y, n);
}
