/* expect: FORBIDDEN. Becomes another program through a descriptor. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(322, 3, (long)"", 0, 0, 0x1000, 0) == 0;
}
