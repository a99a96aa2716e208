/* expect: FORBIDDEN. Wants a function of the box program itself. */
int zygote_loop_run(void);

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = zygote_loop_run();
}
