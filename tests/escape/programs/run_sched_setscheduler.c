/* expect: FORBIDDEN. Makes itself real-time. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(144, 0, 3, (int[]){ 0 }) == 0;
}
