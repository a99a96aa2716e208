/* expect: FORBIDDEN. Reads the clock by the system call, to know when it is measured. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(228, 1, results, 0) == 0;
}
