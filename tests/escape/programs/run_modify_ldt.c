/* expect: FORBIDDEN. Installs a segment descriptor. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(154, 1, results, 16) == 0;
}
