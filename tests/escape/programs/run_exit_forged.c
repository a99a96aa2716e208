/* expect: CRASH. Leaves with a status that once meant something else. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	CALL(231, 114, 0, 0);
	return 1;
}
