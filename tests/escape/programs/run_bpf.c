/* expect: FORBIDDEN. Loads a program into the kernel. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(321, 5, results, 48) >= 0;
}
