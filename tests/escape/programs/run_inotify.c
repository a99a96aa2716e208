/* expect: FORBIDDEN. Watches files that other boxes use. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(294, 0, 0, 0) >= 0;
}
