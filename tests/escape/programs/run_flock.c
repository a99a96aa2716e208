/* expect: FORBIDDEN. Locks a file that other boxes see. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(73, 0, 2, 0) == 0;
}
