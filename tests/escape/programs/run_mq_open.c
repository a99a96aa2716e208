/* expect: FORBIDDEN. Leaves a POSIX message queue. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(240, (long)"mark", 0x42, 0600, 0, 0, 0) >= 0;
}
