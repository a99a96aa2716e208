#include "evaluators/health.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/text.h"
#include "evaluators/lane.h"
#include "evaluators/machine.h"
#include "sandbox/sandbox.h"

#define SYSTEM_CPU "/sys/devices/system/cpu/"
#define CLOCKSOURCE "/sys/devices/system/clocksource/clocksource0/"
/* of all time since boot; above it a neighbour takes the core while something is timed */
#define STEAL_WARN 0.01

int health_add(struct health_check checks[HEALTH_CHECKS_MAX], int count, const char *name,
	enum health_state state, const char *detail, const char *mend)
{
	struct health_check *c = &checks[count];

	if (count >= HEALTH_CHECKS_MAX)
		return count;
	c->state = state;
	snprintf(c->name, sizeof c->name, "%s", name);
	snprintf(c->detail, sizeof c->detail, "%s", detail);
	snprintf(c->mend, sizeof c->mend, "%s", mend ? mend : "");
	return count + 1;
}

int health_sandbox(struct health_check checks[HEALTH_CHECKS_MAX], int count, const char *compiler)
{
	static const enum health_state states[] = {
		[SANDBOX_GOOD] = HEALTH_GOOD,
		[SANDBOX_WARN] = HEALTH_WARN,
		[SANDBOX_BAD] = HEALTH_BAD,
	};
	struct sandbox_check found[SANDBOX_CHECKS_MAX];
	struct sandbox_options options = { .compiler = compiler };
	int n = sandbox_doctor(found, &options);

	for (int i = 0; i < n; i++)
		count = health_add(checks, count, found[i].name, states[found[i].health],
			found[i].detail, found[i].mend);
	return count;
}

/* The first line of a small file of the kernel, or NULL. */
static char *line_of(const char *path)
{
	char *text = NULL;
	size_t size;

	if (fdio_read_file(&text, &size, path, 65536, NULL) < 0)
		return NULL;
	text[strcspn(text, "\n")] = 0;
	return text;
}

static int check_clock(struct health_check *checks, int count)
{
	char *source = line_of(CLOCKSOURCE "current_clocksource");
	/*
	 * Read without a system call (vDSO); the others cost a microsecond and more for each
	 * reading.
	 */
	bool quick = source &&
		(strcmp(source, "tsc") == 0 || strcmp(source, "kvm-clock") == 0 ||
			strncmp(source, "hyperv", 6) == 0);

	count = health_add(checks, count, "clock source", quick ? HEALTH_GOOD : HEALTH_WARN,
		source ? source : "unknown",
		quick ? NULL
		      : "every reading of this clock is a system call: boot with clocksource=tsc where the machine's TSC is stable");
	free(source);
	return count;
}

static int check_governor(struct health_check *checks, int count)
{
	char *governor = line_of(SYSTEM_CPU "cpu0/cpufreq/scaling_governor");

	if (!governor)
		return health_add(checks, count, "frequency governor", HEALTH_GOOD,
			"not visible here, as in most virtual machines", NULL);
	if (strcmp(governor, "performance") == 0)
		count = health_add(
			checks, count, "frequency governor", HEALTH_GOOD, governor, NULL);
	else
		count = health_add(checks, count, "frequency governor", HEALTH_WARN, governor,
			"the frequency follows the load, which widens every interval: cpupower frequency-set -g performance");
	free(governor);
	return count;
}

/* The share of all time that a hypervisor took away since boot (proc(5), /proc/stat). */
static int check_steal(struct health_check *checks, int count)
{
	char *line = line_of("/proc/stat"), detail[96];
	double values[8] = { 0 }, all = 0;

	if (!line ||
		sscanf(line, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &values[0], &values[1],
			&values[2], &values[3], &values[4], &values[5], &values[6],
			&values[7]) != 8) {
		free(line);
		return count;
	}
	free(line);
	for (int i = 0; i < 8; i++)
		all += values[i];
	snprintf(detail, sizeof detail, "%.2f %% of all time since boot",
		all > 0 ? 100 * values[7] / all : 0);
	if (all > 0 && values[7] / all > STEAL_WARN)
		return health_add(checks, count, "stolen time", HEALTH_WARN, detail,
			"the host gives this machine's cores to others: timings need more pairs here");
	return health_add(checks, count, "stolen time", HEALTH_GOOD, detail, NULL);
}

static int check_cores(struct health_check *checks, int count)
{
	char *smt = line_of(SYSTEM_CPU "smt/active"), detail[256];
	bool siblings = smt && strcmp(smt, "1") == 0;
	cpu_set_t set;
	int cores, used = 0, held = 0;

	free(smt);
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return health_add(checks, count, "lanes", HEALTH_BAD,
			"the process' own CPUs are not known",
			"sched_getaffinity(2) must be allowed");
	cores = CPU_COUNT(&set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET((size_t)cpu, &set)) {
			held += lane_holder(cpu) != 0;
			used++;
		}
	}
	snprintf(detail, sizeof detail, "%d CPU%s for us, %d held by a measuring campaign%s", used,
		used == 1 ? "" : "s", held, siblings ? ", two threads a core" : "");
	if (cores < 2)
		return health_add(checks, count, "lanes", HEALTH_WARN, detail,
			"with one CPU, compiling and timing take turns: give the process two");
	return health_add(checks, count, "lanes", HEALTH_GOOD, detail, NULL);
}

int health_machine(struct health_check checks[HEALTH_CHECKS_MAX], int count)
{
	cJSON *machine = machine_fingerprint("");
	const cJSON *cpu = cJSON_GetObjectItemCaseSensitive(machine, "cpu"),
		    *isa = cJSON_GetObjectItemCaseSensitive(machine, "isa");
	const cJSON *kernel = cJSON_GetObjectItemCaseSensitive(machine, "kernel");
	char *detail = text_format("%s; %s", cJSON_IsString(cpu) ? cpu->valuestring : "unknown",
		cJSON_IsString(isa) ? isa->valuestring : "");

	count = health_add(checks, count, "processor", HEALTH_GOOD, detail, NULL);
	count = health_add(checks, count, "kernel", HEALTH_GOOD,
		cJSON_IsString(kernel) ? kernel->valuestring : "unknown", NULL);
	free(detail);
	cJSON_Delete(machine);
	count = check_cores(checks, count);
	count = check_clock(checks, count);
	count = check_governor(checks, count);
	return check_steal(checks, count);
}
