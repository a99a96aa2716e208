/* expect: FORBIDDEN. Leaves shared memory for the next candidate. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(29, 0, 4096, 0600) >= 0;
}
