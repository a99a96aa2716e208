/*
 * adapter.c of sgemm_small - one call is one product.
 *
 *   argument block: struct sgemm_header, then floats with A and B at its offsets
 *   result block:   floats with C, in and out, at its offset
 */
#include "clade_adapter.h"

#include <stddef.h>
#include <stdint.h>

/* 64 bytes, so that the floats behind it are as aligned as the block. */
struct sgemm_header { uint32_t n, a, b, c, tail, unused[11]; };

void sgemm(size_t n, const float *A, const float *B, float *C);

CLADE_ENTRY void clade_call(const void *arguments, void *results)
{
	const struct sgemm_header *header = arguments;
	const float *floats = (const float *)(header + 1);

	sgemm(header->n, floats + header->a, floats + header->b, (float *)results + header->c);
}
