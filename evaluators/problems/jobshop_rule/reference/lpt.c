/* LPT: longest processing time. */
#include "jobshop_rule.h"

/* EVOLVE-BLOCK-START */
double priority(const struct op_view *v)
{
	return -v->processing;
}
/* EVOLVE-BLOCK-END */
