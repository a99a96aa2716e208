/* expect: FORBIDDEN. Keeps the entry to itself. */
void clade_call(const void *arguments, void *results);
void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = 0;
}
