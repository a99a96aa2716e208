/* expect: FORBIDDEN. Leaves the processor that it was pinned to. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(203, 0, 8, (long[]){ -1 }) == 0;
}
