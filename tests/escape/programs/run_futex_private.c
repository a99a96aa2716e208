/* expect: FORBIDDEN. Uses the private form of waking, which nothing honest here does. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(202, (long)results, 129, 1, 0, 0, 0) >= 0;
}
