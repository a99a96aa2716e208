/* expect: CRASH. Runs a breakpoint. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	__asm__ volatile("int3" ::: "memory");
	return 1;
}
