/* expect: FORBIDDEN. Wants glibc's door to the kernel. */
long syscall(long number, ...);

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = (double)syscall(39);
}
