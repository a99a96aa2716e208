/* expect: FORBIDDEN. Reaches the kernel's cipher code. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(41, 38, 5, 0) >= 0;
}
