/* expect: FORBIDDEN. Sets the bit of the x32 calls. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(0x40000000 + 39, 0, 0, 0) > 0;
}
