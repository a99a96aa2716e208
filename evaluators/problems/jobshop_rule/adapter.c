/*
 * adapter.c of jobshop_rule - one call holds every operation that any instance has to choose from
 * at this step.
 *
 *   argument block: struct op_count, then count views      result block: count priorities
 */
#include "clade_adapter.h"

#include <stdint.h>

#include "jobshop_rule.h"

struct op_count { uint64_t count; };

CLADE_ENTRY void clade_call(const void *arguments, void *results)
{
	const struct op_count *header = arguments;
	const struct op_view *views = (const struct op_view *)(header + 1);
	double *priorities = results;

	for (uint64_t i = 0; i < header->count; i++)
		priorities[i] = priority(&views[i]);
}
