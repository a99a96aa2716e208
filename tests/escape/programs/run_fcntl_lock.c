/* expect: FORBIDDEN. Locks a file that other boxes see. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(72, 0, 6, results) == 0;
}
