/* expect: FORBIDDEN. Starts a process by vfork. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	long pid = CALL(58, 0, 0, 0);

	if (pid == 0)
		CALL(231, 0, 0, 0);
	return pid > 0;
}
