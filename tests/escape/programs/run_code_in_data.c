/* expect: CRASH. Runs code that it wrote into its data. */
#include "attack.h"

static volatile unsigned char code[16];

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	code[0] = 0xc3;
	((void (*)(void))(uintptr_t)code)();
	return 1;
}
