/* expect: FORBIDDEN. Has thread-local data, whose set-up would be code of ours to fool. */
static __thread volatile int mark = 1;

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = mark++;
}
