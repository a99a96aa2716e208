/* FIFO: the job that has waited longest. */
#include "jobshop_rule.h"

/* EVOLVE-BLOCK-START */
double priority(const struct op_view *v)
{
	return v->job_ready;
}
/* EVOLVE-BLOCK-END */
