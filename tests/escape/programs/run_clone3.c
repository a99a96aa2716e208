/* expect: FORBIDDEN. Starts a process by clone3. Outside the box: works. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	long arguments3[8] = { 0, 0, 0, 0, 17 };
	long pid = CALL(435, arguments3, sizeof arguments3, 0);

	if (pid == 0)
		CALL(231, 0, 0, 0);
	return pid > 0;
}
