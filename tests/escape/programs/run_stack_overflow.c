/* expect: CRASH. Recurses without end. */
#include "attack.h"

static double deeper(double x)
{
	volatile char room[4096];

	room[0] = (char)x;
	return deeper(x + 1) + room[0];
}

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return deeper(1);
}
