/*
 * adapter.c of chain - argument block: number of steps, then COUNT doubles; result block: one double.
 */
#include "clade_adapter.h"

#include <stddef.h>
#include <stdint.h>

#define COUNT 16

double chain(const double *x, size_t n, size_t steps);

CLADE_ENTRY void clade_call(const void *arguments, void *results)
{
	const uint64_t *steps = arguments;

	*(double *)results = chain((const double *)(steps + 1), COUNT, *steps);
}
