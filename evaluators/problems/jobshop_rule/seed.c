/*
 * A dispatching rule for job shops: of the operations that could start now, the one with the
 * smallest value does. The seed: shortest processing time.
 */
#include "jobshop_rule.h"

/* EVOLVE-BLOCK-START */
double priority(const struct op_view *v)
{
	return v->processing;
}
/* EVOLVE-BLOCK-END */
