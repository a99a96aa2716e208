#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/text.h"
#include "orchestrator/hook.h"
#include "tests/support/searches.h"

#define SECOND_NS 1000000000LL

struct fixture { struct searches *t; FILE *said; char *text; size_t size; };

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	*state = f;
	f->t = searches_new(false);
	f->said = open_memstream(&f->text, &f->size);
	progress_free(f->t->search.progress);
	f->t->search.progress = progress_new(f->said, false);
	return chdir(f->t->folder);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (chdir("/") < 0)
		return -1;
	searches_free(f->t);
	fclose(f->said);
	free(f->text);
	free(f);
	return 0;
}

static void best(struct fixture *f, double fitness)
{
	struct search *s = &f->t->search;

	snprintf(s->best_name, sizeof s->best_name, "name%g", fitness);
	hook_best(s, NULL, fitness);
}

/* The hook's process does not keep the loop: turn it by hand until the file holds the text, for five seconds. */
static void await(struct fixture *f, const char *file, const char *expected)
{
	int64_t end = clock_now_ns() + 5 * SECOND_NS;
	char *text = NULL;
	size_t size;

	for (;;) {
		uv_run(&f->t->loop, UV_RUN_NOWAIT);
		free(text);
		text = NULL;
		if (fdio_read_file(&text, &size, file, 65536, NULL) == 0 && strcmp(text, expected) == 0)
			break;
		if (clock_now_ns() > end)
			fail_msg("%s holds: %s", file, text != NULL ? text : "nothing");
		usleep(5000);
	}
	free(text);
}

static void command(struct fixture *f, const char *text)
{
	free(f->t->campaign.on_best);
	f->t->campaign.on_best = text_copy(text);
}

static void a_hook_learns_file_name_score_and_problem(void **state)
{
	struct fixture *f = *state;
	char *expected = text_format("%s name2.5 2.5 toy", f->t->path);

	command(f, "printf '%s %s %s %s' \"$CLADE_FILE\" $CLADE_ID $CLADE_FITNESS $CLADE_PROBLEM > out");
	best(f, 2.5);
	await(f, "out", expected);
	free(expected);
}

static void without_a_command_nothing_happens(void **state)
{
	struct fixture *f = *state;

	best(f, 1);
	assert_null(f->t->search.hook);
}

static void while_one_runs_only_the_newest_best_waits(void **state)
{
	struct fixture *f = *state;

	command(f, "echo $CLADE_ID >> out; while ! test -e go; do sleep 0.01; done");
	best(f, 1);
	best(f, 2);
	best(f, 3);
	await(f, "out", "name1\n");
	assert_int_equal(fdio_write_file("go", "", 0, NULL), 0);
	await(f, "out", "name1\nname3\n");
	best(f, 4);
	await(f, "out", "name1\nname3\nname4\n");
}

static void a_failing_hook_is_a_warning(void **state)
{
	struct fixture *f = *state;
	int64_t end = clock_now_ns() + 5 * SECOND_NS;

	command(f, "exit 7");
	best(f, 1);
	do {
		uv_run(&f->t->loop, UV_RUN_NOWAIT);
		fflush(f->said);
		usleep(5000);
	} while (f->size == 0 && clock_now_ns() < end);
	assert_non_null(f->text);
	assert_non_null(strstr(f->text, "status 7"));
	assert_false(f->t->search.failed);
}

static void count_process(uv_handle_t *h, void *count)
{
	*(int *)count += h->type == UV_PROCESS;
}

/* Closing does not wait, and the loop lets go of it, so that it can be closed. */
static void a_hook_that_runs_at_the_end_is_left_to_itself(void **state)
{
	struct fixture *f = *state;
	int64_t began = clock_now_ns();
	int processes = 0;

	command(f, "while ! test -e go; do sleep 0.01; done; echo late > out");
	best(f, 1);
	best(f, 2);
	hook_close(&f->t->search);
	assert_null(f->t->search.hook);
	uv_run(&f->t->loop, UV_RUN_NOWAIT);
	assert_true(clock_now_ns() - began < 4 * SECOND_NS);
	uv_walk(&f->t->loop, count_process, &processes);
	assert_int_equal(processes, 0);
	assert_int_equal(fdio_write_file("go", "", 0, NULL), 0);
	await(f, "out", "late\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_hook_learns_file_name_score_and_problem),
		TEST(without_a_command_nothing_happens),
		TEST(while_one_runs_only_the_newest_best_waits),
		TEST(a_failing_hook_is_a_warning),
		TEST(a_hook_that_runs_at_the_end_is_left_to_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
