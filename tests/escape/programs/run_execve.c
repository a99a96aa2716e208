/* expect: FORBIDDEN. Becomes another program. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(59, (long)"/z", (long)(char *[]){ "z", 0 }, (long)(char *[]){ 0 }, 0, 0, 0) == 0;
}
