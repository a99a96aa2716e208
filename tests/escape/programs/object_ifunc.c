/* expect: FORBIDDEN. Has a resolver that a linker would run while it loads. */
static int answer(void) { return 1; }
static void *resolve(void) { for (;;) { } return (void *)answer; }
int chosen(void) __attribute__((ifunc("resolve"), visibility("default")));

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = chosen();
}
