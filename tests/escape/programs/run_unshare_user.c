/* expect: FORBIDDEN. Makes a user namespace with all capabilities in it. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(272, 0x10000000, 0, 0) == 0;
}
