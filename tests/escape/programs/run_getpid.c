/* expect: FORBIDDEN. Makes the most harmless of all calls. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(39, 0, 0, 0) > 0;
}
