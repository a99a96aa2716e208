/* expect: CRASH. Spoils the word that the kernel would wake its driver with, then dies. */
#include "attack.h"

double attack(const void *arguments, void *results)
{
	(void)arguments;
	(void)results;
	struct ack *ack = find_ack();

	if (!ack)
		return 0;
	ack->door = 7;
	ack->tid = 99;
	*(volatile int *)0 = 1;
	return 1;
}
