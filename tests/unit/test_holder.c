#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "archive/holder.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/text.h"

static int enter_scratch(void **state)
{
	char *folder = text_copy("/tmp/test_holder.XXXXXX");

	*state = folder;
	return !mkdtemp(folder) || chdir(folder) < 0;
}

static int leave_scratch(void **state)
{
	char *command = text_format("rm -rf '%s'", (char *)*state);
	int rc = chdir("/") < 0 || system(command) != 0;

	free(command);
	free(*state);
	return rc;
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

/* A child that executes another program must not keep the campaign held after its parent died. */
static void the_lock_does_not_pass_through_exec(void **state)
{
	struct holder *h = NULL;
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(holder_take(&h, "c", NULL), 0);
	child = fork();
	if (child == 0) {
		execlp("sleep", "sleep", "5", (char *)NULL);
		_exit(127);
	}
	usleep(100000);
	holder_release(h);
	assert_int_equal(holder_take(&h, "c", NULL), 0);
	holder_release(h);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

static void of_many_that_come_at_once_one_gets_it(void **state)
{
	enum { COUNT = 8 };
	int status, taken = 0;
	int go[2];

	(void)state;
	assert_int_equal(pipe(go), 0);
	for (int i = 0; i < COUNT; i++) {
		if (fork() == 0) {
			struct holder *h = NULL;
			char byte;

			close(go[1]);
			if (read(go[0], &byte, 1) < 0 || holder_take(&h, "c", NULL) < 0)
				_exit(1);
			usleep(600000);
			holder_release(h);
			_exit(0);
		}
	}
	close(go[1]);
	for (int i = 0; i < COUNT; i++) {
		wait(&status);
		taken += status == 0;
	}
	close(go[0]);
	assert_int_equal(taken, 1);
	assert_false(fdio_exists("c-lock"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taking_and_releasing_leaves_no_trace),
		cmocka_unit_test(a_second_one_is_refused_with_the_pid_of_the_first),
		cmocka_unit_test(what_a_killed_holder_left_means_nothing),
		cmocka_unit_test(the_lock_does_not_pass_through_exec),
		cmocka_unit_test(of_many_that_come_at_once_one_gets_it),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
