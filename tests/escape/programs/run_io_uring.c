/* expect: FORBIDDEN. Sets up io_uring, which goes round filters. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(425, 4, results, 0) >= 0;
}
