/* expect: FORBIDDEN. Opens a local socket. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(41, 1, 1, 0) >= 0;
}
