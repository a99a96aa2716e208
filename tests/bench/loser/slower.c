/*
 * The chain with a twentieth more work, whose result changes nothing: every term is finite, so that zero times it is zero.
 */
#include <stddef.h>

double chain(const double *x, size_t n, size_t steps)
{
	double sum = 0, more = 0;

	for (size_t i = 0; i < steps; i++)
		sum = sum * 0.5 + x[i % n];
	for (size_t i = 0; i < steps / 20; i++)
		more = more * 0.5 + x[i % n];
	return sum + 0.0 * more;
}
