/* expect: FORBIDDEN. Starts a process that would outlive the verdict. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	long pid = CALL(57, 0, 0, 0);

	if (pid == 0)
		CALL(231, 0, 0, 0);
	return pid > 0;
}
