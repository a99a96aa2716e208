/* expect: CRASH. Reads memory from the bottom up. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	double sum = 0;

	for (volatile char *p = 0; ; p += 4096)
		sum += *p;
	return sum;
}
