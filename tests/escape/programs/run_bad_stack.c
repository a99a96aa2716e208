/* expect: CRASH. Loses its stack pointer. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	__asm__ volatile("xor %%esp, %%esp; push %%rax" ::: "memory");
	return 1;
}
