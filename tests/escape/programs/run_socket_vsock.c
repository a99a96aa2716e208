/* expect: FORBIDDEN. Opens a socket to the hypervisor, which network namespaces do not cover. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(41, 40, 1, 0) >= 0;
}
