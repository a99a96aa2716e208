/* expect: CRASH. Writes to address 0. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	*(volatile int *)0 = 1;
	return 1;
}
