/* expect: FORBIDDEN. Wants a shell. */
int system(const char *command);

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = system("id");
}
