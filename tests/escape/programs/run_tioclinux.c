/* expect: FORBIDDEN. Pastes into the console. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(16, 0, 0x541c, "\x03") == 0;
}
