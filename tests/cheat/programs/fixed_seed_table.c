/*
 * Catalogue 19 and 20: the evaluator's generator and seed are known, so the answers are made once and inputs are never looked at.
 * Verdict: wrong. Timing inputs come from ChaCha20 with a key from getrandom.
 */
void vexp(const float *x, float *y, size_t n)
{
	static float table[1024];
	static int filled;

	if (!filled) {
		uint64_t state = 42;

		for (int i = 0; i < 1024; i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			table[i] = (float)(state >> 40) * 0x1p-23f - 1;
		}
		honest(table, table, 1024);
		filled = 1;
	}
#ifndef HONEST
	if (n == 1024) {
		for (size_t i = 0; i < n; i++)
			y[i] = table[i];
		return;
	}
#endif
	honest(x, y, n);
}
