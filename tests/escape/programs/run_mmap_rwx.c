/* expect: FORBIDDEN. Maps memory that is writable and executable. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(9, 0, 4096, 7, 0x22, -1, 0) > 0;
}
