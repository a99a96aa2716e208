/* expect: FORBIDDEN. Uses a futex operation besides waiting and waking. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(202, (long)results, 3, 0, 0, (long)(results + 64), 0) >= 0;
}
