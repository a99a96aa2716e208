/* expect: FORBIDDEN. Switches address randomisation off. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(135, 0xffffffff, 0, 0) >= 0;
}
