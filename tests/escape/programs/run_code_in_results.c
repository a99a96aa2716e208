/* expect: CRASH. Runs code that it wrote into its results. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	*(volatile unsigned char *)results = 0xc3;
	((void (*)(void))(uintptr_t)results)();
	return 1;
}
