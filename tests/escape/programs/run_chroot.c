/* expect: FORBIDDEN. Changes its root the old way. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(161, "/", 0, 0) == 0;
}
