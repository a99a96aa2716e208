/* expect: CRASH. Leaves early and hopes that status 0 passes. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	CALL(231, 0, 0, 0);
	return 1;
}
