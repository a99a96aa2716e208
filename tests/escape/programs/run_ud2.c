/* expect: CRASH. Runs an undefined instruction. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	__asm__ volatile("ud2" ::: "memory");
	return 1;
}
