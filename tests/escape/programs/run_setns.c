/* expect: FORBIDDEN. Enters another namespace. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(308, 3, 0, 0) == 0;
}
