/* expect: CRASH. Writes before its results. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	((volatile char *)results)[-1] = 1;
	return 1;
}
