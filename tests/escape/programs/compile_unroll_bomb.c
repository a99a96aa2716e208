/* expect: TIMEOUT or LIMIT. Unrolls a loop within an unrolled loop. */
void f(volatile int *x)
{
#pragma GCC unroll 65534
	for (int i = 0; i < 65534; i++)
#pragma GCC unroll 65534
		for (int k = 0; k < 65534; k++)
			*x += i * k;
}
