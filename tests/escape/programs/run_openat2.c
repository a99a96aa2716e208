/* expect: FORBIDDEN. Opens a file by the newer call. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(437, -100, (long)"/etc/passwd", (long)(long[]){ 0, 0, 0 }, 24, 0, 0) >= 0;
}
