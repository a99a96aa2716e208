#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"

static void fresh_memory_is_zero(void **state)
{
	unsigned char *bytes = memory_alloc(4096);
	int *array = memory_array(100, sizeof(int));
	int sum = 0;

	(void)state;
	for (int i = 0; i < 4096; i++)
		sum += bytes[i];
	for (int i = 0; i < 100; i++)
		sum += array[i] != 0;
	assert_int_equal(sum, 0);
	free(bytes);
	free(array);
}

static void no_bytes_give_a_unique_pointer(void **state)
{
	void *a = memory_alloc(0);
	void *b = memory_array(0, 8);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	free(a);
	free(memory_grow(b, 0, 8));
}

static void growing_keeps_what_was_there(void **state)
{
	char *s = memory_copy("kernel", 7);

	(void)state;
	s = memory_grow(s, 1000, 10);
	assert_string_equal(s, "kernel");
	free(s);
}

/* The child is quiet and leaves no core file; what it must do is end by SIGABRT. */
static int status_of(size_t count, size_t size)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		free(memory_array(count, size));
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void an_overflowing_product_ends_the_process(void **state)
{
	(void)state;
	assert_int_equal(status_of(10, 10), 0);
	/* Wrapped around, this would be 2 bytes. */
	assert_int_equal(status_of(SIZE_MAX / 2 + 2, 2), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh_memory_is_zero),
		cmocka_unit_test(no_bytes_give_a_unique_pointer),
		cmocka_unit_test(growing_keeps_what_was_there),
		cmocka_unit_test(an_overflowing_product_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
