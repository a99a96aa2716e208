/* expect: FORBIDDEN. Sleeps, to be slow when it pays. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(35, (long)(long[]){ 0, 1000 }, 0, 0, 0, 0, 0) == 0;
}
