/* expect: FORBIDDEN. Hopes that a weak import gets past the list. */
__attribute__((weak)) int system(const char *command);

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = system != 0;
}
