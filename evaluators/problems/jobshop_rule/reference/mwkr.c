/* MWKR: most work remaining. */
#include "jobshop_rule.h"

/* EVOLVE-BLOCK-START */
double priority(const struct op_view *v)
{
	return -v->work_remaining;
}
/* EVOLVE-BLOCK-END */
