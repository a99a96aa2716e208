/* adapter.c of slow - arguments: a state in 64 bits; results: the state STEPS later. */
#include "clade_adapter.h"

#include <stdint.h>

void work(const uint64_t *in, uint64_t *out);

CLADE_ENTRY void clade_call(const void *arguments, void *results)
{
	work(arguments, results);
}
