/* expect: FORBIDDEN. Slows or speeds itself against its rival. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(141, 0, 0, 1) == 0;
}
