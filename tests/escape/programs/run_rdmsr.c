/* expect: CRASH. Reads a model-specific register. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	__asm__ volatile("mov $0x10, %%ecx; rdmsr" ::: "eax", "ecx", "edx", "memory");
	return 1;
}
