/*
 * Catalogue 5: exit status 0 is taken for a pass.
 * Verdict: crash. Anything but a complete answer is no score.
 */
void vexp(const float *x, float *y, size_t n)
{
#ifndef HONEST
	long done;

	__asm__ volatile("syscall" : "=a"(done) : "a"(231L), "D"(0L) : "rcx", "r11", "memory");
#endif
	honest(x, y, n);
}
