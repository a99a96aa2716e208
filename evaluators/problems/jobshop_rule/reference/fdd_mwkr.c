/* FDD/MWKR: work of the job up to and including this operation over work remaining including it. */
#include "jobshop_rule.h"

/* EVOLVE-BLOCK-START */
double priority(const struct op_view *v)
{
	return v->work_done / v->work_remaining;
}
/* EVOLVE-BLOCK-END */
