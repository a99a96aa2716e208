/* MOR: most operations remaining. */
#include "jobshop_rule.h"

/* EVOLVE-BLOCK-START */
double priority(const struct op_view *v)
{
	return -v->ops_remaining;
}
/* EVOLVE-BLOCK-END */
