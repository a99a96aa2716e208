/* expect: FORBIDDEN. Traces the zygote. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(101, 16, 1, 0) == 0;
}
