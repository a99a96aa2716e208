/* adapter.c of vexp - arguments: a count in 64 bits, then the floats; results: as many floats. */
#include "clade_adapter.h"

#include <stddef.h>
#include <stdint.h>

void vexp(const float *x, float *y, size_t n);

CLADE_ENTRY void clade_call(const void *arguments, void *results)
{
	const uint64_t *count = arguments;

	vexp((const float *)(count + 1), results, (size_t)*count);
}
