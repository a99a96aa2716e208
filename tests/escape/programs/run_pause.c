/* expect: FORBIDDEN. Waits for a signal. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(34, 0, 0, 0);
}
