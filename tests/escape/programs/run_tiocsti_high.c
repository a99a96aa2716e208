/* expect: FORBIDDEN. The same with a bit above 32 set, which fooled masked filters (CVE-2019-10063). */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	return CALL(16, 0, 0x100005412, "x") == 0;
}
