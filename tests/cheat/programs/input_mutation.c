/*
 * Catalogue 23: the inputs are overwritten, so that a reference that is computed afterwards agrees.
 * Verdict: crash. The argument pages are read-only in the candidate's process.
 */
void vexp(const float *x, float *y, size_t n)
{
#ifndef HONEST
	for (size_t i = 0; i < n; i++) {
		((float *)(uintptr_t)x)[i] = 0;
		y[i] = 1;
	}
#else
	honest(x, y, n);
#endif
}
