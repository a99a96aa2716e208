/* expect: FORBIDDEN. Kills pid 1 of its box, the zygote. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(62, 1, 9, 0) == 0;
}
