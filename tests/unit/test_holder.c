#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "archive/holder.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/text.h"
#include "tests/support/scratch.h"

/*
 * Stands in for libc's: once, between the opening of the lock file and its locking, the file is
 * removed and another one comes under its name, as when a holder leaves and the next one arrives.
 */
static bool file_is_swapped;

int flock(int fd, int operation)
{
	if (file_is_swapped) {
		file_is_swapped = false;
		unlink("c-lock");
		fdio_write_file("c-lock", "", 0, NULL);
	}
	return (int)syscall(SYS_flock, fd, operation);
}

static void taking_and_releasing_leaves_no_trace(void **state)
{
	struct holder *h = NULL;

	(void)state;
	assert_int_equal(holder_take(&h, "c", NULL), 0);
	assert_true(fdio_exists("c-lock"));
	assert_int_equal(holder_pid("c"), getpid());
	holder_release(h);
	assert_false(fdio_exists("c-lock"));
	assert_int_equal(holder_pid("c"), 0);
	holder_release(NULL);
}

static void a_second_one_is_refused_with_the_pid_of_the_first(void **state)
{
	struct holder *h = NULL, *other = NULL;
	char *pid = text_format("%d", (int)getpid());
	struct err e = { 0 };

	(void)state;
	assert_int_equal(holder_take(&h, "c", NULL), 0);
	assert_int_equal(holder_take(&other, "c", &e), ERR_BUSY);
	assert_non_null(strstr(e.text, pid));
	assert_null(other);
	holder_release(h);
	assert_int_equal(holder_take(&other, "c", NULL), 0);
	holder_release(other);
	free(pid);
}

static void what_a_killed_holder_left_means_nothing(void **state)
{
	struct holder *h = NULL;

	(void)state;
	fdio_write_file("c-lock", "1\n", 2, NULL);
	assert_int_equal(holder_pid("c"), 0);
	assert_int_equal(holder_take(&h, "c", NULL), 0);
	assert_int_equal(holder_pid("c"), getpid());
	holder_release(h);
}

static void the_file_that_is_locked_is_the_one_under_the_name(void **state)
{
	struct holder *h = NULL;

	(void)state;
	file_is_swapped = true;
	assert_int_equal(holder_take(&h, "c", NULL), 0);
	assert_false(file_is_swapped);
	assert_int_equal(holder_pid("c"), getpid());
	holder_release(h);
}

/* A program that the holder started must not keep the campaign held after the holder was killed. */
static void the_lock_does_not_pass_through_exec(void **state)
{
	struct holder *h = NULL;
	pid_t holder, child;
	int out[2], status;

	(void)state;
	assert_int_equal(pipe(out), 0);
	holder = fork();
	if (holder == 0) {
		if (holder_take(&h, "c", NULL) < 0)
			_exit(1);
		child = fork();
		if (child == 0) {
			execlp("sleep", "sleep", "5", (char *)NULL);
			_exit(127);
		}
		usleep(100000);
		if (write(out[1], &child, sizeof(child)) == sizeof(child))
			pause();
		_exit(1);
	}
	assert_int_equal(read(out[0], &child, sizeof(child)), sizeof(child));
	assert_int_equal(holder_pid("c"), holder);
	kill(holder, SIGKILL);
	waitpid(holder, &status, 0);
	assert_int_equal(holder_take(&h, "c", NULL), 0);
	holder_release(h);
	kill(child, SIGKILL);
	close(out[0]);
	close(out[1]);
}

/* Each child takes and gives back for a while; a folder that exists already shows that two hold it. */
static int take_often(void)
{
	int64_t end = clock_now_ns() + 400000000;

	while (clock_now_ns() < end) {
		struct holder *h = NULL;

		if (holder_take(&h, "c", NULL) < 0)
			continue;
		if (mkdir("inside", 0700) < 0 || rmdir("inside") < 0)
			return 1;
		holder_release(h);
	}
	return 0;
}

static void two_never_hold_it_though_the_file_comes_and_goes(void **state)
{
	enum { COUNT = 4 };
	int status, broken = 0;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		if (fork() == 0)
			_exit(take_often());
	}
	for (int i = 0; i < COUNT; i++) {
		wait(&status);
		broken += status != 0;
	}
	assert_int_equal(broken, 0);
	assert_false(fdio_exists("c-lock"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taking_and_releasing_leaves_no_trace),
		cmocka_unit_test(a_second_one_is_refused_with_the_pid_of_the_first),
		cmocka_unit_test(what_a_killed_holder_left_means_nothing),
		cmocka_unit_test(the_lock_does_not_pass_through_exec),
		cmocka_unit_test(the_file_that_is_locked_is_the_one_under_the_name),
		cmocka_unit_test(two_never_hold_it_though_the_file_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
