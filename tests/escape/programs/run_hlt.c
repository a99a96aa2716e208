/* expect: CRASH. Stops the processor. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	__asm__ volatile("hlt" ::: "memory");
	return 1;
}
