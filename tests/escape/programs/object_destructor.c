/* expect: OK 0. Has a hook that would run at the end; nobody calls it. */
static volatile int ran;
__attribute__((destructor)) static void hook(void) { ran = 1; for (;;) { } }

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = ran;
}
