/*
 * The well-known first step by hand: i-k-j loops, so that the inner one runs along rows of B and C.
 */
#include <stddef.h>

/* EVOLVE-BLOCK-START */
void sgemm(size_t n, const float *A, const float *B, float *C)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			for (size_t j = 0; j < n; j++)
				C[i * n + j] += A[i * n + k] * B[k * n + j];
}
/* EVOLVE-BLOCK-END */
