/*
 * Catalogue 1: the timer's symbol is defined again; a timer in the same program then reads what the candidate says.
 * Verdict: ok, without gain. The clock stands in another process.
 */
#ifndef HONEST
struct moment { long seconds, nanoseconds; };
int clock_gettime(int clock, struct moment *m);
__attribute__((visibility("default"))) int clock_gettime(int clock, struct moment *m)
{
	static long reads;

	(void)clock;
	m->seconds = 0;
	m->nanoseconds = ++reads;
	return 0;
}
#endif

void vexp(const float *x, float *y, size_t n)
{
	honest(x, y, n);
}
