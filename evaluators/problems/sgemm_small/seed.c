/*
 * C = A*B + C for n by n matrices of floats in row-major order. The seed: the loops as they are
 * written in a textbook.
 */
#include <stddef.h>

/* EVOLVE-BLOCK-START */
void sgemm(size_t n, const float *A, const float *B, float *C)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			for (size_t k = 0; k < n; k++)
				C[i * n + j] += A[i * n + k] * B[k * n + j];
}
/* EVOLVE-BLOCK-END */
