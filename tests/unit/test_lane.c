#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "evaluators/lane.h"

/* No machine has these processors, so that tests never disturb a campaign. */
static int test_cpu(void)
{
	return 100000 + getpid();
}

/* A child that holds the lane until it is killed; returns when it has it. */
static pid_t holder(int cpu)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct lane *l;

		if (lane_take(&l, cpu, 0, NULL) == 0 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void a_lane_that_another_process_holds_is_busy_and_names_it(void **state)
{
	int cpu = test_cpu();
	pid_t pid = holder(cpu);
	struct lane *l = NULL;
	struct err e = { 0 };
	char expected[32];

	(void)state;
	snprintf(expected, sizeof(expected), "process %d", (int)pid);
	assert_int_equal(lane_take(&l, cpu, 5000000, &e), ERR_BUSY);
	assert_null(l);
	assert_non_null(strstr(e.text, expected));
	assert_int_equal(lane_holder(cpu), pid);
	end(pid);
}

static void a_killed_holder_leaves_nothing_behind(void **state)
{
	int cpu = test_cpu();
	struct lane *l = NULL;

	(void)state;
	end(holder(cpu));
	assert_int_equal(lane_holder(cpu), 0);
	assert_int_equal(lane_take(&l, cpu, 0, NULL), 0);
	lane_give(l);
	assert_int_equal(lane_holder(cpu), 0);
}

static void a_wait_ends_when_the_holder_gives_the_lane(void **state)
{
	int cpu = test_cpu();
	pid_t pid = holder(cpu), killer = fork();
	int64_t begun_ns = clock_now_ns();
	struct lane *l = NULL;

	(void)state;
	if (killer == 0) {
		clock_sleep_ns(50000000);
		kill(pid, SIGKILL);
		_exit(0);
	}
	assert_int_equal(lane_take(&l, cpu, 10000000000, NULL), 0);
	assert_true(clock_now_ns() - begun_ns > 30000000);
	lane_give(l);
	waitpid(killer, NULL, 0);
	waitpid(pid, NULL, 0);
}

static void lanes_of_two_processors_are_apart(void **state)
{
	int cpu = test_cpu();
	struct lane *a = NULL, *b = NULL;

	(void)state;
	assert_int_equal(lane_take(&a, cpu, 0, NULL), 0);
	assert_int_equal(lane_take(&b, cpu + 1, 0, NULL), 0);
	assert_int_equal(lane_take(&b, cpu, 0, NULL), ERR_BUSY);
	lane_give(a);
	lane_give(b);
	lane_give(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lane_that_another_process_holds_is_busy_and_names_it),
		cmocka_unit_test(a_killed_holder_leaves_nothing_behind),
		cmocka_unit_test(a_wait_ends_when_the_holder_gives_the_lane),
		cmocka_unit_test(lanes_of_two_processors_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
