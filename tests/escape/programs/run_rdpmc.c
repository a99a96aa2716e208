/* expect: CRASH. Reads a performance counter. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	__asm__ volatile("xor %%ecx, %%ecx; rdpmc" ::: "eax", "ecx", "edx", "memory");
	return 1;
}
