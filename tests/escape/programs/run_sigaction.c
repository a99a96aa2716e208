/* expect: FORBIDDEN. Catches the signals that would end it. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return call6(13, 11, (long)results, 0, 8, 0, 0) == 0;
}
