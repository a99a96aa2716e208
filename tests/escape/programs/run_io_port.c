/* expect: CRASH. Reads an input port. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	__asm__ volatile("inb $0x60, %%al" ::: "eax", "memory");
	return 1;
}
