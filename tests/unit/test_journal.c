#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "archive/archive.h"
#include "base/err.h"
#include "tests/support/campaigns.h"
#include "tests/support/scratch.h"

static void counters_tell_verdicts_stages_and_operators(void **state)
{
	struct archive *a = campaigns_create("c");
	struct archive_count *list = NULL;
	int count = 0;

	(void)state;
	campaigns_commit_one(a, 0, 1, 3);
	campaigns_commit_failed(a, 1, "crash");
	campaigns_commit_failed(a, 2, "crash");
	assert_int_equal(archive_verdicts(&list, &count, a, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].name, "crash");
	assert_true(list[0].count == 2 && list[0].cpu_ns == 180);
	free(list);
	assert_int_equal(archive_stages(&list, &count, a, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].name, "check");
	assert_true(list[0].count == 3 && list[0].rejected == 2 && list[0].wall_ns == 150);
	free(list);
	assert_int_equal(archive_operators(&list, &count, a, NULL), 0);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].name, "tree/literal");
	assert_true(list[0].count == 3 && list[0].rejected == 1);
	free(list);
	archive_close(a);
}

static void progress_is_thinned_but_keeps_its_end(void **state)
{
	struct archive *a = campaigns_create("c");
	struct archive_point *points = NULL;
	int count = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		campaigns_commit_one(a, i, i, 3);
	assert_int_equal(archive_progress(&points, &count, a, 1000, NULL), 0);
	assert_int_equal(count, 100);
	free(points);
	assert_int_equal(archive_progress(&points, &count, a, 7, NULL), 0);
	assert_true(count > 4 && count <= 7);
	assert_true(points[count - 1].best == 99 && points[count - 1].evaluations == 100);
	assert_true(points[count - 1].qd_score == 99 && points[count - 1].cells_filled == 1);
	free(points);
	archive_close(a);
}

static void events_and_states_are_kept(void **state)
{
	struct archive *a = campaigns_create("c");
	struct archive_event *list = NULL;
	int count = 0;

	(void)state;
	assert_int_equal(archive_set_state(a, "running", NULL, NULL), 0);
	assert_int_equal(archive_event_add(a, "machine", "another fingerprint", NULL), 0);
	assert_int_equal(archive_set_state(a, "stopped", "Ctrl-C", NULL), 0);
	assert_int_equal(archive_set_state(a, "sleeping", NULL, NULL), ERR_ARGS);
	assert_string_equal(campaigns_totals(a).state, "stopped");
	assert_int_equal(archive_events(&list, &count, a, 1, 10, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].kind, "machine");
	assert_string_equal(list[1].text, "stopped: Ctrl-C");
	archive_events_free(list, count);
	assert_int_equal(archive_set_elapsed(a, 123, NULL), 0);
	assert_int_equal(campaigns_totals(a).elapsed_ns, 123);
	archive_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(counters_tell_verdicts_stages_and_operators, scratch_clear),
		cmocka_unit_test_setup(progress_is_thinned_but_keeps_its_end, scratch_clear),
		cmocka_unit_test_setup(events_and_states_are_kept, scratch_clear),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
