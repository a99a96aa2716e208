/* expect: FORBIDDEN. Opens a file of the host. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(2, "/etc/passwd", 0, 0) >= 0;
}
