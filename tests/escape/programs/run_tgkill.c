/* expect: FORBIDDEN. Signals the zygote's thread. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(234, 1, 1, 9) == 0;
}
