#include "orchestrator/slots.h"

#include <sched.h>

#include "base/err.h"
#include "evaluators/manifest.h"
#include "orchestrator/campaign.h"

/* The CPUs that this process may use, ascending. */
static int own_cpus(int cpus[SLOTS_MAX])
{
	cpu_set_t set;
	int n = 0;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof set, &set) != 0) {
		cpus[0] = 0;
		return 1;
	}
	for (int i = 0; i < CPU_SETSIZE && n < SLOTS_MAX; i++)
		if (CPU_ISSET(i, &set))
			cpus[n++] = i;
	return n;
}

static int find_cpu(const int *cpus, int n, int64_t cpu)
{
	for (int i = 0; i < n; i++)
		if (cpus[i] == cpu)
			return i;
	return -1;
}

static int at_most(int64_t wanted, int most)
{
	return wanted > 0 && wanted < most ? (int)wanted : most;
}

/* Lanes from the top, so that CPU 0, where interrupts and this process like to be, compiles. */
static void plan_timed(struct slots *out, const struct campaign *c, const int *cpus, int n, int first)
{
	int lanes = at_most(c->workers, n > 1 && c->workers == 0 ? n / 2 : n > 1 ? n - 1 : 1);

	for (int i = 0; i < lanes; i++)
		out->measure_cpus[out->measure_count++] = cpus[(first + n - i) % n];
	for (int i = 0; i < n; i++)
		if (find_cpu(out->measure_cpus, lanes, cpus[i]) < 0)
			out->compile_cpus[out->compile_cpu_count++] = cpus[i];
	out->compile_count = c->compile_slots > 0 ? at_most(c->compile_slots, SLOTS_MAX) :
		out->compile_cpu_count > 0 ? out->compile_cpu_count : 1;
}

static void plan_behaviour(struct slots *out, const struct campaign *c, const int *cpus, int n, int first)
{
	/* Spinning wants a second CPU for each slot; chosen by us, there are no more slots than that allows. */
	int wanted = c->workers > 0 ? at_most(c->workers, SLOTS_MAX) : c->spinning && n > 1 ? n / 2 : n;

	for (int i = 0; i < wanted; i++) {
		out->measure_cpus[i] = cpus[(first + n - i % n) % n];
		if (c->spinning && n > 1 && wanted * 2 <= n)
			out->second_cpu[i] = cpus[(first + n - wanted - i) % n];
	}
	out->measure_count = wanted;
	out->compile_count = c->compile_slots > 0 ? at_most(c->compile_slots, SLOTS_MAX) : n;
}

int slots_plan(struct slots *out, const struct campaign *c, const struct manifest *m, struct err *e)
{
	int cpus[SLOTS_MAX];
	int n = own_cpus(cpus);
	int first = n - 1;

	*out = (struct slots){ 0 };
	for (int i = 0; i < SLOTS_MAX; i++)
		out->second_cpu[i] = -1;
	if (c->cpu >= 0) {
		first = find_cpu(cpus, n, c->cpu);
		if (first < 0)
			return err_set(e, ERR_ARGS, "target.cpu: CPU %lld is not among those that this process may use (%d..%d)",
				(long long)c->cpu, cpus[0], cpus[n - 1]);
	}
	if (m->timed)
		plan_timed(out, c, cpus, n, first);
	else
		plan_behaviour(out, c, cpus, n, first);
	return 0;
}
