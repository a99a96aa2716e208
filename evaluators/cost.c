#include "evaluators/cost.h"

#include "base/clock.h"
#include "base/text.h"

struct cost_meter cost_start(void)
{
	return (struct cost_meter){ clock_now_ns(), clock_thread_cpu_ns() };
}

void cost_add(struct job_cost *costs, int *count, enum cascade_stage stage, struct cost_meter since,
	int64_t other_cpu_ns)
{
	const char *name = cascade_rows[stage].name;
	int i = 0;

	while (i < *count && !text_equal(costs[i].stage, name))
		i++;
	if (i == JOB_STAGES_MAX)
		return;
	if (i == *count)
		costs[(*count)++] = (struct job_cost){ .stage = name };
	costs[i].wall_ns += clock_now_ns() - since.wall_ns;
	costs[i].cpu_ns += clock_thread_cpu_ns() - since.cpu_ns + other_cpu_ns;
}
