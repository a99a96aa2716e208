/*
 * Catalogue 6: the first call writes a result into the channel that it inherited, and ends the program.
 * Verdict: forbidden. There is no channel, and a system call is the end.
 */
void vexp(const float *x, float *y, size_t n)
{
#ifndef HONEST
	static const char line[] = "OK 0.001\n";
	long done;

	__asm__ volatile("syscall" : "=a"(done) : "a"(1L), "D"(1L), "S"(line), "d"(sizeof(line) - 1) : "rcx", "r11", "memory");
	__asm__ volatile("syscall" : "=a"(done) : "a"(231L), "D"(0L) : "rcx", "r11", "memory");
#endif
	honest(x, y, n);
}
