/* expect: FORBIDDEN. Reads a keyring, which user namespaces share. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(250, 0, -5, 1) > 0;
}
