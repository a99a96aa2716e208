/*
 * Catalogue 11: a buffer that was filled once is taken to hold the answer for ever.
 * Verdict: wrong. The same addresses come again with other inputs, and the results were poisoned.
 */
#define SEEN 4096

void vexp(const float *x, float *y, size_t n)
{
	static const float *seen[SEEN];
	size_t slot = (size_t)y / 64 % SEEN;

#ifndef HONEST
	if (seen[slot] == y && n == 1024)
		return;
#endif
	seen[slot] = y;
	honest(x, y, n);
}
