/* expect: FORBIDDEN. Writes to an inherited descriptor. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(1, 1, "", 0) >= 0;
}
