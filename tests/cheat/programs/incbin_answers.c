/*
 * Catalogue 39: the assembler reads a file with the answers into the object.
 * Verdict: compile_error. The compile box holds no file of the host.
 */
#ifndef HONEST
__asm__(".section .rodata\n.balign 16\nstolen_answers:\n.incbin \"@ANSWERS@\"\n.previous\n");
extern const float stolen_answers[] __attribute__((visibility("hidden")));

void vexp(const float *x, float *y, size_t n)
{
	(void)x;
	for (size_t i = 0; i < n; i++)
		y[i] = stolen_answers[i % 1024];
}
#else
void vexp(const float *x, float *y, size_t n)
{
	honest(x, y, n);
}
#endif
