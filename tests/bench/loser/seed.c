/*
 * chain - a chain of multiply-adds in which each step waits for the one before: its time is its number of steps, whatever the compiler and the layout.
 */
#include <stddef.h>

double chain(const double *x, size_t n, size_t steps)
{
	double sum = 0;

	for (size_t i = 0; i < steps; i++)
		sum = sum * 0.5 + x[i % n];
	return sum;
}
