#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "archive/archive.h"
#include "base/err.h"
#include "tests/support/campaigns.h"
#include "tests/support/scratch.h"

static void what_is_in_flight_survives_and_settles_once(void **state)
{
	struct archive *a = campaigns_create("c");
	struct archive_queued *list = NULL;
	int64_t first, second, third, k, id;
	struct campaigns_sample s;
	struct archive_result r = { .program = &s.p };
	int count = 0;

	(void)state;
	assert_int_equal(archive_next_proposal(&k, a, NULL), 0);
	assert_int_equal(k, 0);
	assert_int_equal(archive_queue_add(&first, a, 0, "{\"a\":1}", NULL), 0);
	assert_int_equal(archive_queue_add(&second, a, 5, "{\"b\":2}", NULL), 0);
	assert_int_equal(archive_queue_tried(a, second, NULL), 0);
	archive_close(a);
	a = campaigns_open("c", ARCHIVE_WRITE);
	assert_int_equal(archive_next_proposal(&k, a, NULL), 0);
	assert_int_equal(k, 6);
	assert_int_equal(archive_queue_list(&list, &count, a, NULL), 0);
	assert_int_equal(count, 2);
	assert_true(list[0].id == first && list[0].tries == 0);
	assert_true(list[1].proposal == 5 && list[1].tries == 1);
	assert_string_equal(list[1].payload, "{\"b\":2}");
	archive_queue_free(list, count);
	campaigns_fill(&s, 5, 1, 3);
	r.queue_id = second;
	assert_int_equal(archive_commit(&id, NULL, a, &r, NULL), 0);
	/* The worker that was thought dead answers after all. */
	assert_int_equal(archive_commit(&id, NULL, a, &r, NULL), ERR_MISSING);
	assert_true(campaigns_totals(a).evaluations == 1 && campaigns_totals(a).queued == 1);
	assert_int_equal(archive_queue_drop(a, first, NULL), 0);
	assert_int_equal(archive_queue_drop(a, first, NULL), ERR_MISSING);
	assert_int_equal(archive_queue_tried(a, first, NULL), ERR_MISSING);
	assert_int_equal(archive_queue_add(&third, a, 6, "{}", NULL), 0);
	assert_true(third > second);
	campaigns_verify(a);
	archive_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_in_flight_survives_and_settles_once, scratch_clear),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
