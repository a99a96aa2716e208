#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "evaluators/manifest.h"
#include "orchestrator/campaign.h"
#include "orchestrator/slots.h"

/* Stands in for libc's: the CPUs of the machine under test, ended by -1. */
static const int *machine;

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	assert_int_equal(pid, 0);
	if (machine == NULL)
		return -1;
	memset(set, 0, size);
	for (const int *cpu = machine; *cpu >= 0; cpu++)
		CPU_SET(*cpu, set);
	return 0;
}

static const int one[] = { 3, -1 }, two[] = { 0, 1, -1 }, four[] = { 2, 5, 7, 9, -1 };

static struct slots plan_of(const int *cpus, bool timed, const struct campaign *given)
{
	struct campaign c = given != NULL ? *given : (struct campaign){ .cpu = -1 };
	struct manifest m = { .timed = timed };
	struct slots s;

	machine = cpus;
	assert_int_equal(slots_plan(&s, &c, &m, NULL), 0);
	return s;
}

static void assert_cpus(const int *cpus, int count, const int *expected, int expected_count)
{
	assert_int_equal(count, expected_count);
	assert_memory_equal(cpus, expected, (size_t)count * sizeof *cpus);
}
#define CPUS(list, count, ...) assert_cpus(list, count, (const int[]){ __VA_ARGS__ }, (int)(sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)))

static void timing_on_one_cpu_compiles_there_too(void **state)
{
	struct slots s = plan_of(one, true, NULL);

	(void)state;
	CPUS(s.measure_cpus, s.measure_count, 3);
	assert_int_equal(s.compile_cpu_count, 0);
	assert_int_equal(s.compile_count, 1);
	assert_int_equal(s.second_cpu[0], -1);
}

static void timing_on_two_cpus_keeps_compiling_off_the_lane(void **state)
{
	struct slots s = plan_of(two, true, NULL);

	(void)state;
	CPUS(s.measure_cpus, s.measure_count, 1);
	CPUS(s.compile_cpus, s.compile_cpu_count, 0);
	assert_int_equal(s.compile_count, 1);
}

static void lanes_take_the_upper_half(void **state)
{
	struct slots s = plan_of(four, true, NULL);

	(void)state;
	CPUS(s.measure_cpus, s.measure_count, 9, 7);
	CPUS(s.compile_cpus, s.compile_cpu_count, 2, 5);
	assert_int_equal(s.compile_count, 2);
}

static void asked_for_lanes_leave_one_cpu_to_compile(void **state)
{
	struct slots s = plan_of(four, true, &(struct campaign){ .cpu = -1, .workers = 1 });

	(void)state;
	CPUS(s.measure_cpus, s.measure_count, 9);
	CPUS(s.compile_cpus, s.compile_cpu_count, 2, 5, 7);
	assert_int_equal(s.compile_count, 3);
	s = plan_of(four, true, &(struct campaign){ .cpu = -1, .workers = 9 });
	CPUS(s.measure_cpus, s.measure_count, 9, 7, 5);
	CPUS(s.compile_cpus, s.compile_cpu_count, 2);
}

static void the_given_cpu_is_the_first_lane(void **state)
{
	struct slots s = plan_of(four, true, &(struct campaign){ .cpu = 5 });

	(void)state;
	CPUS(s.measure_cpus, s.measure_count, 5, 2);
	CPUS(s.compile_cpus, s.compile_cpu_count, 7, 9);
	s = plan_of(four, true, &(struct campaign){ .cpu = 2, .workers = 2 });
	CPUS(s.measure_cpus, s.measure_count, 2, 9);
	s = plan_of(four, false, &(struct campaign){ .cpu = 5, .workers = 3 });
	CPUS(s.measure_cpus, s.measure_count, 5, 2, 9);
}

static void a_cpu_that_is_not_ours_is_refused(void **state)
{
	struct campaign c = { .cpu = 4 };
	struct manifest m = { .timed = true };
	struct slots s;
	struct err e = { 0 };

	(void)state;
	machine = four;
	assert_int_equal(slots_plan(&s, &c, &m, &e), ERR_ARGS);
	assert_non_null(strstr(e.text, "target.cpu"));
	assert_non_null(strstr(e.text, "4"));
}

static void asked_for_compile_slots_are_given(void **state)
{
	(void)state;
	assert_int_equal(plan_of(four, true, &(struct campaign){ .cpu = -1, .compile_slots = 6 }).compile_count, 6);
	assert_int_equal(plan_of(two, false, &(struct campaign){ .cpu = -1, .compile_slots = 1 }).compile_count, 1);
	assert_int_equal(plan_of(two, false, &(struct campaign){ .cpu = -1, .compile_slots = 256 }).compile_count, SLOTS_MAX);
}

static void behaviour_measures_and_compiles_everywhere(void **state)
{
	struct slots s = plan_of(four, false, NULL);

	(void)state;
	CPUS(s.measure_cpus, s.measure_count, 9, 7, 5, 2);
	assert_int_equal(s.compile_cpu_count, 0);
	assert_int_equal(s.compile_count, 4);
	s = plan_of(two, false, &(struct campaign){ .cpu = -1, .workers = 5 });
	CPUS(s.measure_cpus, s.measure_count, 1, 0, 1, 0, 1);
	s = plan_of(two, false, &(struct campaign){ .cpu = -1, .workers = 256 });
	assert_int_equal(s.measure_count, SLOTS_MAX);
}

static void spinning_leases_a_second_cpu_that_nobody_measures_on(void **state)
{
	struct slots s = plan_of(four, false, &(struct campaign){ .cpu = -1, .spinning = true });

	(void)state;
	CPUS(s.measure_cpus, s.measure_count, 9, 7);
	CPUS(s.second_cpu, 3, 5, 2, -1);
	s = plan_of(four, false, &(struct campaign){ .cpu = 5, .workers = 1, .spinning = true });
	CPUS(s.measure_cpus, s.measure_count, 5);
	CPUS(s.second_cpu, 2, 2, -1);
}

static void spinning_gives_way_where_cpus_are_short(void **state)
{
	struct slots s = plan_of(four, false, &(struct campaign){ .cpu = -1, .workers = 3, .spinning = true });

	(void)state;
	assert_int_equal(s.measure_count, 3);
	CPUS(s.second_cpu, 3, -1, -1, -1);
	s = plan_of(one, false, &(struct campaign){ .cpu = -1, .spinning = true });
	assert_int_equal(s.measure_count, 1);
	assert_int_equal(s.second_cpu[0], -1);
}

static void a_machine_that_does_not_tell_its_cpus_has_one(void **state)
{
	struct slots s = plan_of(NULL, true, NULL);

	(void)state;
	CPUS(s.measure_cpus, s.measure_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timing_on_one_cpu_compiles_there_too),
		cmocka_unit_test(timing_on_two_cpus_keeps_compiling_off_the_lane),
		cmocka_unit_test(lanes_take_the_upper_half),
		cmocka_unit_test(asked_for_lanes_leave_one_cpu_to_compile),
		cmocka_unit_test(the_given_cpu_is_the_first_lane),
		cmocka_unit_test(a_cpu_that_is_not_ours_is_refused),
		cmocka_unit_test(asked_for_compile_slots_are_given),
		cmocka_unit_test(behaviour_measures_and_compiles_everywhere),
		cmocka_unit_test(spinning_leases_a_second_cpu_that_nobody_measures_on),
		cmocka_unit_test(spinning_gives_way_where_cpus_are_short),
		cmocka_unit_test(a_machine_that_does_not_tell_its_cpus_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
