/* expect: CRASH. Runs code that it wrote on its stack. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	volatile unsigned char code[16] = { 0xc3 };

	((void (*)(void))(uintptr_t)code)();
	return 1;
}
