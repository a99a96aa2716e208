/* expect: FORBIDDEN. Asks for call number -1. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(-1, 0, 0, 0) == 0;
}
