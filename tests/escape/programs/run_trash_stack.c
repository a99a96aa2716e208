/* expect: CRASH. Overwrites the frames of its callers. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	volatile long *word = (volatile long *)__builtin_frame_address(0);

	for (int i = 0; i < 200; i++)
		word[i] = 0x4141414141414141;
	return 1;
}
