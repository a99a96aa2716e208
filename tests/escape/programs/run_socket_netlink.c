/* expect: FORBIDDEN. Talks to the kernel by netlink. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(41, 16, 3, 0) >= 0;
}
