/* expect: FORBIDDEN. Starts a thread that could work between calls. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(56, 0x50f00, (long)(results + 4096), 0, 0, 0, 0) > 0;
}
