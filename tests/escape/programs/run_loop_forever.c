/* expect: TIMEOUT. Never comes back. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	for (;;)
		__asm__ volatile("");
}
