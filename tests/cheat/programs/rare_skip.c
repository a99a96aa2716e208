/*
 * Catalogue 47: one call in a hundred does nothing, for evaluators that report the shortest time.
 * Verdict: wrong. Whole batches are timed, and the call that did nothing is seen.
 */
void vexp(const float *x, float *y, size_t n)
{
	static unsigned calls;

	calls += n == 1024;
#ifndef HONEST
	if (calls % 100 == 99 && n == 1024)
		return;
#endif
	honest(x, y, n);
}
