/*
 * cost.h - what a stage cost: wall time, and CPU time of this thread and of the candidate.
 */
#pragma once

#include "evaluators/cascade.h"
#include "evaluators/job.h"

struct cost_meter {
	int64_t wall_ns, cpu_ns;
};

struct cost_meter cost_start(void);
/* Append a row, or add to the row that the stage has. other_cpu_ns: of boxes, which this thread's
 * clock does not see. */
void cost_add(struct job_cost *costs, int *count, enum cascade_stage stage, struct cost_meter since,
	int64_t other_cpu_ns);
