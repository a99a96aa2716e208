/* expect: FORBIDDEN. Leaves a key for the next candidate. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(248, (long)"user", (long)"mark", (long)"1", 1, -2, 0) > 0;
}
