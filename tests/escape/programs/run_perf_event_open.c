/* expect: FORBIDDEN. Counts other processes' events. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(298, (long)results, 0, -1, -1, 0, 0) >= 0;
}
