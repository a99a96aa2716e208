/* expect: FORBIDDEN. Makes memory that outlives its mapping. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(319, "m", 0, 0) >= 0;
}
