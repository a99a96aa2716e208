/*
 * kernel.h - the honest kernel: the test puts this text in front of the seed, of every cheat and of
 * every twin, so that a cheat can do the work where that serves it. Range reduction to |r| <=
 * ln(2)/2, then Taylor to degree 11, all in double.
 */
#include <stddef.h>
#include <stdint.h>

static float honest_exp(float input)
{
	double x = input < -110 ? -110 : input > 100 ? 100 : input, k, r, sum = 1;
	union {
		uint64_t bits;
		double value;
	} power;

	if (x != x)
		return input;
	k = (double)(int64_t)(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
	r = x - k * 0.69314718055994531;
	for (int i = 11; i > 0; i--)
		sum = 1 + sum * r / i;
	power.bits = (uint64_t)(1023 + (int64_t)k) << 52;
	return (float)(sum * power.value);
}

static void honest(const float *x, float *y, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] = honest_exp(x[i]);
}
