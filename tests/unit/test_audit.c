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

static void verify_finds_every_kind_of_damage(void **state)
{
	static const char *const damages[] = {
		"DELETE FROM elite WHERE cell = 3",
		"UPDATE elite SET cell = 77 WHERE cell = 3",
		"UPDATE elite SET fitness = 5 WHERE cell = 3",
		"UPDATE elite SET program = 3 WHERE cell = 3",
		"UPDATE program SET verdict = 'ok' WHERE id = 3",
		"UPDATE program SET fitness = NULL WHERE id = 2",
		"UPDATE program SET parent_1 = 3 WHERE id = 2",
		"UPDATE program SET parent_1 = 99 WHERE id = 2",
		"UPDATE tally SET programs = 4",
		"UPDATE tally SET evaluations = 4",
		"UPDATE tally SET cells_filled = 1",
		"UPDATE tally SET qd_score = qd_score + 0.001",
		"UPDATE tally SET best = 3",
		"UPDATE tally SET seed = 2",
		"UPDATE tally SET proposal_next = 2",
		"UPDATE tally SET queue_last = 0",
		"UPDATE counter SET count = count + 1 WHERE name = 'ok'",
		"DELETE FROM source WHERE program = 1",
		"UPDATE source SET bytes = x'0011' WHERE program = 2",
		"UPDATE image SET raw_bytes = 7 WHERE program = 2",
		"DELETE FROM tally",
		"DELETE FROM history WHERE cell = 4",
	};
	struct archive *a = campaigns_create("c");
	int64_t id;

	(void)state;
	campaigns_commit_one(a, 0, 1, 3);
	campaigns_commit_one(a, 1, 2, 4);
	campaigns_commit_failed(a, 2, "crash");
	archive_queue_add(&id, a, 3, "{}", NULL);
	archive_close(a);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct err e = { 0 };

		if (system("cp c d") != 0)
			fail();
		campaigns_tamper("d", damages[i]);
		a = campaigns_open("d", ARCHIVE_READ);
		if (archive_verify(a, &e) != ERR_FORMAT)
			print_message("not found: %s (%s)\n", damages[i], e.text);
		assert_int_equal(e.code, ERR_FORMAT);
		archive_close(a);
	}
	a = campaigns_open("c", ARCHIVE_READ);
	campaigns_verify(a);
	archive_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(verify_finds_every_kind_of_damage, scratch_clear),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
