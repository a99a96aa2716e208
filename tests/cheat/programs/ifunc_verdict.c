/*
 * Catalogue 4: an IFUNC resolver runs before main and before constructors, and prints the verdict.
 * Verdict: forbidden. The loader refuses objects with resolvers.
 */
#ifndef HONEST
static void work(const float *x, float *y, size_t n)
{
	honest(x, y, n);
}

typedef void work_fn(const float *x, float *y, size_t n);

static work_fn *resolve(void)
{
	static const char line[] = "OK 0.001\n";
	long done;

	__asm__ volatile("syscall" : "=a"(done) : "a"(1L), "D"(1L), "S"(line), "d"(sizeof(line) - 1) : "rcx", "r11", "memory");
	__asm__ volatile("syscall" : "=a"(done) : "a"(231L), "D"(0L) : "rcx", "r11", "memory");
	return work;
}

void vexp(const float *x, float *y, size_t n) __attribute__((ifunc("resolve")));
#else
void vexp(const float *x, float *y, size_t n)
{
	honest(x, y, n);
}
#endif
