/* expect: CHEAT. Acknowledges calls that were never made. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	struct ack *ack = find_ack();

	if (!ack)
		return 0;
	ack->seq += 5;
	ack->door = 0;
	call6(202, (long)&ack->door, 1, 1, 0, 0, 0);
	for (;;)
		__asm__ volatile("");
}
