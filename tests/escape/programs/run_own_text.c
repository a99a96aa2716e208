/* expect: CRASH. Rewrites its own code. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	*(volatile char *)(uintptr_t)&attack = (char)0xc3;
	return 1;
}
