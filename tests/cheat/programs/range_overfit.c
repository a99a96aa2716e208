/*
 * Catalogue 28: right for the inputs that are known to be drawn, -1 to 1, and for no others.
 * Verdict: wrong. The check stream asks boundary values and the whole range first.
 */
void vexp(const float *x, float *y, size_t n)
{
#ifndef HONEST
	for (size_t i = 0; i < n; i++) {
		float t = x[i] * 0.03125f, p = 1 + t * (1 + t * (0.5f + t * (0.16666667f + t * 0.041666668f)));

		p *= p;
		p *= p;
		p *= p;
		p *= p;
		y[i] = p * p;
	}
#else
	honest(x, y, n);
#endif
}
