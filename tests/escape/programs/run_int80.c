/* expect: FORBIDDEN. Enters the kernel by the 32-bit gate. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "0"(20) : "memory");
	return result > 0;
}
