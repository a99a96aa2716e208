#include "clade_adapter.h"

double cosine(double x);

CLADE_ENTRY void clade_call(const void *arguments, void *results)
{
	const double *in = arguments;
	double *out = results;

	for (int i = 0; i < (int)in[0]; i++)
		out[i] = cosine(in[1 + i]);
}
