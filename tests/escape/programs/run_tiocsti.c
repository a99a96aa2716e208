/* expect: FORBIDDEN. Types into the terminal of the user. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(16, 0, 0x5412, "x") == 0;
}
