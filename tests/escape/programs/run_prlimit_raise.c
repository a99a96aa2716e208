/* expect: FORBIDDEN. Raises its limits. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(302, 0, 0, (long)(long[]){ 100, 100 }, 0, 0, 0) == 0;
}
