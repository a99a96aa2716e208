/* expect: FORBIDDEN. Makes its results executable. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(10, (uintptr_t)results & ~4095ul, 4096, 7) == 0;
}
