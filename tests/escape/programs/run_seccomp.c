/* expect: FORBIDDEN. Puts another filter over ours. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(317, 0, 0, 0) == 0;
}
