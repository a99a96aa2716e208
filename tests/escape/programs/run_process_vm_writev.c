/* expect: FORBIDDEN. Writes into the zygote. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(311, 1, (long)(long[]){ (long)results, 8 }, 1, (long)(long[]){ 0x400000, 8 }, 1, 0) > 0;
}
