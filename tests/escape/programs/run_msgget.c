/* expect: FORBIDDEN. Leaves a message queue for the next candidate. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(68, 0x5a5a, 0600, 0) >= 0;
}
