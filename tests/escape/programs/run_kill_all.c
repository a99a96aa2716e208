/* expect: FORBIDDEN. Signals every process that it can see. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(62, -1, 0, 0) == 0;
}
