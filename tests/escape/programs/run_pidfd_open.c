/* expect: FORBIDDEN. Gets a handle of a process. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(434, CALL(39, 0, 0, 0), 0, 0) >= 0;
}
