/* expect: FORBIDDEN. Mounts by the newer calls. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(430, "tmpfs", 0, 0) >= 0;
}
