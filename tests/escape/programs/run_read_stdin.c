/* expect: FORBIDDEN. Reads an inherited descriptor. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(0, 0, results, 1) >= 0;
}
