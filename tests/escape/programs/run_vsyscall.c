/* expect: FORBIDDEN or CRASH. Calls the legacy page at its fixed address. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	long (*legacy_time)(long *) = (long (*)(long *))0xffffffffff600400;

	(void)arguments;
	return legacy_time(results) > 0;
}
