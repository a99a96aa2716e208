/* expect: TIMEOUT. Sleeps in the one call that it has. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	*(int *)results = 0;
	call6(202, (long)results, 0, 0, 0, 0, 0);
	return 1;
}
