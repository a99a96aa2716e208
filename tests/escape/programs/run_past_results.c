/* expect: CRASH. Writes behind its results. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	((volatile char *)results)[65536] = 1;
	return 1;
}
