/* expect: OK 0. Has an _init of its own; nobody calls it. */
static volatile int ran;
__attribute__((visibility("default"))) void _init(void) { ran = 1; for (;;) { } }

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = ran;
}
