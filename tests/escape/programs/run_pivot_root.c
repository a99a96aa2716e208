/* expect: FORBIDDEN. Changes its root. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(155, "/", "/", 0) == 0;
}
