/* expect: FORBIDDEN. Wants the dynamic linker. */
void *dlopen(const char *name, int flags);

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = dlopen("libc.so.6", 2) != 0;
}
