/* expect: CRASH. Writes to its sealed inputs. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	*(volatile char *)(uintptr_t)arguments = 1;
	return 1;
}
