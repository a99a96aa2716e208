/* expect: FORBIDDEN. Mounts a file system. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(165, (long)"none", (long)"/", (long)"tmpfs", 0, 0, 0) == 0;
}
