/* expect: FORBIDDEN. Changes what the process may do. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(157, 38, 1, 0) == 0;
}
