/* expect: FORBIDDEN. Steals a descriptor of the zygote. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(438, 3, 3, 0) >= 0;
}
