/* expect: FORBIDDEN. Gets hold of page faults. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(323, 1, 0, 0) >= 0;
}
