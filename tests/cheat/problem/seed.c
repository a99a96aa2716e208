/* exp of n floats. */
#include <stddef.h>

/* EVOLVE-BLOCK-START */
void vexp(const float *x, float *y, size_t n)
{
	honest(x, y, n);
}
/* EVOLVE-BLOCK-END */
