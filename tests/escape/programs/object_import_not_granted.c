/* expect: FORBIDDEN. Calls a function that the loader has and the problem does not grant. */
double exp(double x);

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	*(double *)results = exp(*(const double *)arguments);
}
