/*
 * slots.h - which CPUs measure and which compile. Timing lanes and compile slots are counted apart.
 *
 *   timed problem:  lanes take the last half of the CPUs, one each; compile boxes stay off them
 *   behaviour:      every CPU measures and compiles: a quality does not mind its neighbours
 */
#pragma once

#include <stdbool.h>

struct err;
struct campaign;
struct manifest;
struct job_configure;

#define SLOTS_MAX 64

struct slots {
	int measure_cpus[SLOTS_MAX], measure_count;
	int compile_cpus[SLOTS_MAX], compile_cpu_count;   /* where compile boxes may run; 0: anywhere */
	int compile_count;
	int second_cpu[SLOTS_MAX];                        /* for the spinning channel, -1: blocking */
};
/* ERR_ARGS when target.cpu is not one of ours. */
int slots_plan(struct slots *out, const struct campaign *c, const struct manifest *m, struct err *e);
