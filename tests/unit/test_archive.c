#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "archive/archive.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/text.h"
#include "tests/support/campaigns.h"
#include "tests/support/scratch.h"

/* ---- opening ---- */

static void a_campaign_remembers_its_birth(void **state)
{
	static const char *const facts[][2] = {
		{ "problem", "exp2_ops" }, { "settings", "seed: 7\n" }, { "source_path", "seed.c" },
		{ "seed", "18446744073709551615" }, { "machine", "{\"cpu\":\"x\"}" },
		{ "input_key", "abababababababababababababababababababababababababababababababab" },
	};
	struct archive_birth b = campaigns_birth();
	struct archive *a = campaigns_create("c");
	char *id = text_copy(archive_id(a)), *value = NULL;

	(void)state;
	archive_close(a);
	a = campaigns_open("c", ARCHIVE_READ);
	assert_string_equal(archive_id(a), id);
	assert_int_equal(strlen(id), 32);
	assert_true(archive_maximise(a));
	assert_memory_equal(archive_secret(a), &b.secret, sizeof(b.secret));
	assert_int_equal(archive_grid(a)->axis_count, 2);
	assert_memory_equal(&archive_grid(a)->axes[1], &b.grid.axes[1], offsetof(struct grid_axis, bins));
	assert_true(archive_grid(a)->axes[1].scale == GRID_LOG2 && archive_grid(a)->axes[1].refuse);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		assert_int_equal(archive_meta(&value, a, facts[i][0], NULL), 0);
		assert_string_equal(value, facts[i][1]);
		free(value);
	}
	assert_int_equal(archive_meta(&value, a, "source_repo", NULL), 0);
	assert_null(value);
	archive_close(a);
	free(id);
}

static void a_closed_campaign_is_one_file_with_the_promised_settings(void **state)
{
	struct archive *a = campaigns_create("c");
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;

	(void)state;
	campaigns_commit_one(a, 0, 1, 3);
	assert_true(fdio_exists("c-wal"));
	archive_close(a);
	assert_false(fdio_exists("c-wal"));
	assert_false(fdio_exists("c-shm"));
	assert_false(fdio_exists("c-lock"));
	sqlite3_open("c", &db);
	sqlite3_prepare_v2(db, "SELECT page_size, journal_mode, user_version, "
		"(SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%STRICT%') "
		"FROM pragma_page_size, pragma_journal_mode, pragma_user_version", -1, &q, NULL);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(q, 0), 8192);
	assert_string_equal(sqlite3_column_text(q, 1), "wal");
	assert_int_equal(sqlite3_column_int(q, 2), 1);
	assert_int_equal(sqlite3_column_int(q, 3), 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
}

static void an_existing_file_is_not_overwritten(void **state)
{
	struct archive_birth b = campaigns_birth();
	struct archive *a = NULL;
	char *text = NULL;

	(void)state;
	fdio_write_file("c", "precious", 8, NULL);
	assert_int_equal(archive_create(&a, "c", &b, NULL), ERR_BUSY);
	assert_null(a);
	assert_int_equal(fdio_read_file(&text, NULL, "c", 100, NULL), 0);
	assert_string_equal(text, "precious");
	free(text);
	assert_int_equal(archive_create(&a, "none/c", &b, NULL), ERR_MISSING);
	b.grid.axis_count = 0;
	assert_int_equal(archive_create(&a, "d", &b, NULL), ERR_ARGS);
	assert_false(fdio_exists("d"));
}

/*
 * rm of the campaign after a kill leaves its -wal; SQLite would replay that into a new file of the
 * same name.
 */
static void the_log_of_a_removed_campaign_does_not_leak_into_a_new_one(void **state)
{
	struct archive *a = campaigns_create("c");

	(void)state;
	campaigns_commit_one(a, 0, 1, 3);
	if (system("cp c-wal kept && cp c-shm kept-shm") != 0)
		fail();
	archive_close(a);
	if (system("rm c && mv kept c-wal && mv kept-shm c-shm") != 0)
		fail();
	a = campaigns_create("c");
	assert_int_equal(campaigns_totals(a).programs, 0);
	campaigns_verify(a);
	archive_close(a);
}

static void only_one_process_writes_and_others_learn_who(void **state)
{
	int ready[2], status;
	struct archive *a = NULL;
	struct err e = { 0 };
	char pid_text[32], byte;
	pid_t pid;

	(void)state;
	archive_close(campaigns_create("c"));
	assert_int_equal(archive_holder("c"), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		campaigns_open("c", ARCHIVE_WRITE);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(archive_holder("c"), pid);
	assert_int_equal(archive_open(&a, "c", ARCHIVE_WRITE, &e), ERR_BUSY);
	snprintf(pid_text, sizeof(pid_text), "process %d", (int)pid);
	assert_non_null(strstr(e.text, pid_text));
	assert_null(a);
	archive_close(campaigns_open("c", ARCHIVE_READ));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(archive_holder("c"), 0);
	archive_close(campaigns_open("c", ARCHIVE_WRITE));
	close(ready[0]);
	close(ready[1]);
}

static void what_is_no_campaign_is_refused(void **state)
{
	struct archive *a = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(archive_open(&a, "absent", ARCHIVE_READ, &e), ERR_MISSING);
	assert_int_equal(archive_open(&a, "absent", ARCHIVE_WRITE, &e), ERR_MISSING);
	assert_false(fdio_exists("absent"));
	fdio_write_file("text", "this is a text and no database at all, with some more bytes", 59, NULL);
	assert_int_equal(archive_open(&a, "text", ARCHIVE_READ, &e), ERR_FORMAT);
	assert_int_equal(archive_open(&a, "text", ARCHIVE_WRITE, &e), ERR_FORMAT);
	fdio_write_file("empty", "", 0, NULL);
	assert_int_equal(archive_open(&a, "empty", ARCHIVE_READ, &e), ERR_FORMAT);
	assert_int_equal(archive_open(&a, "empty", ARCHIVE_WRITE, &e), ERR_FORMAT);
	campaigns_tamper("other", "CREATE TABLE t (x); PRAGMA user_version = 1");
	assert_int_equal(archive_open(&a, "other", ARCHIVE_WRITE, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "not a campaign"));
	assert_null(a);
	assert_false(fdio_exists("other-lock"));
}

static void a_file_of_a_newer_version_is_refused_and_left_alone(void **state)
{
	struct archive *a = NULL;
	struct err e = { 0 };

	(void)state;
	archive_close(campaigns_create("c"));
	campaigns_tamper("c", "PRAGMA user_version = 999");
	assert_int_equal(archive_open(&a, "c", ARCHIVE_READ, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "newer"));
	assert_int_equal(archive_open(&a, "c", ARCHIVE_WRITE, &e), ERR_FORMAT);
	assert_null(a);
	campaigns_tamper("c", "PRAGMA user_version = 1");
	archive_close(campaigns_open("c", ARCHIVE_WRITE));
}

static void a_reader_cannot_write_and_sees_what_is_committed(void **state)
{
	struct archive *a = campaigns_create("c"), *reader = campaigns_open("c", ARCHIVE_READ);
	struct campaigns_sample s;
	struct archive_result r = { .program = &s.p, .takes_cell = true };
	int64_t id;

	(void)state;
	campaigns_fill(&s, 0, 1, 3);
	assert_int_equal(archive_commit(&id, NULL, reader, &r, NULL), ERR_ARGS);
	assert_int_equal(archive_queue_add(&id, reader, 0, "{}", NULL), ERR_ARGS);
	assert_int_equal(archive_meta_set(reader, "x", "y", NULL), ERR_ARGS);
	assert_int_equal(campaigns_totals(reader).programs, 0);
	campaigns_commit_one(a, 0, 1, 3);
	assert_int_equal(campaigns_totals(reader).programs, 1);
	campaigns_verify(reader);
	archive_close(a);
	archive_close(reader);
}

/* A folder that takes no -shm file, as on a medium that is mounted read-only. */
static void a_campaign_on_a_read_only_medium_opens(void **state)
{
	struct archive *a = campaigns_create("c");
	int status;
	pid_t pid;

	(void)state;
	campaigns_commit_one(a, 0, 1, 3);
	archive_close(a);
	assert_int_equal(mkdir("ro %?#", 0755), 0);
	assert_int_equal(rename("c", "ro %?#/c"), 0);
	assert_int_equal(chmod("ro %?#/c", 0444), 0);
	assert_int_equal(chmod("ro %?#", 0555), 0);
	assert_int_equal(chmod(".", 0755), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(2);
		a = campaigns_open("ro %?#/c", ARCHIVE_READ);
		_exit(campaigns_totals(a).programs != 1 || fdio_exists("ro %?#/c-shm"));
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(chmod("ro %?#", 0755), 0);
}

static void a_failed_call_in_a_batch_fails_alone(void **state)
{
	struct archive *a = campaigns_create("c"), *reader = campaigns_open("c", ARCHIVE_READ);
	struct campaigns_sample s;
	struct archive_result r = { .program = &s.p, .queue_id = 77 };

	(void)state;
	assert_int_equal(archive_batch_begin(a, NULL), 0);
	campaigns_commit_one(a, 0, 1, 3);
	campaigns_fill(&s, 1, 2, 4);
	assert_int_equal(archive_commit(NULL, NULL, a, &r, NULL), ERR_MISSING);
	campaigns_commit_one(a, 2, 3, 5);
	assert_int_equal(campaigns_totals(reader).programs, 0);
	assert_int_equal(archive_batch_end(a, NULL), 0);
	assert_int_equal(campaigns_totals(reader).programs, 2);
	campaigns_verify(a);
	archive_close(a);
	archive_close(reader);
}

static void a_backup_is_a_campaign_of_its_own(void **state)
{
	struct archive *a = campaigns_create("c"), *copy, *reader = campaigns_open("c", ARCHIVE_READ);

	(void)state;
	campaigns_commit_one(a, 0, 1, 3);
	assert_int_equal(archive_backup(a, "b", NULL), 0);
	campaigns_commit_one(a, 1, 2, 4);
	assert_int_equal(archive_backup(reader, "r", NULL), 0);
	assert_int_equal(archive_backup(a, "b", NULL), ERR_BUSY);
	copy = campaigns_open("b", ARCHIVE_WRITE);
	assert_int_equal(campaigns_totals(copy).programs, 1);
	assert_string_equal(archive_id(copy), archive_id(a));
	campaigns_commit_one(copy, 1, 2, 4);
	campaigns_verify(copy);
	archive_close(copy);
	copy = campaigns_open("r", ARCHIVE_READ);
	assert_int_equal(campaigns_totals(copy).programs, 2);
	campaigns_verify(copy);
	archive_close(copy);
	assert_int_equal(archive_backup(a, "none/b", NULL), ERR_MISSING);
	archive_close(a);
	archive_close(reader);
}

/*
 * Past a thousand programs a dictionary is trained; a reader that was open before must still read
 * what it packs.
 */
static void a_thousand_programs_are_packed_small_and_read_back(void **state)
{
	struct archive *a = campaigns_create("c"), *reader = campaigns_open("c", ARCHIVE_READ);
	struct campaigns_sample s;

	(void)state;
	assert_int_equal(archive_batch_begin(a, NULL), 0);
	for (int i = 0; i < 1100; i++)
		campaigns_commit_one(a, i, i, 3);
	assert_int_equal(archive_batch_end(a, NULL), 0);
	for (int i = 0; i < 1100; i += 37) {
		struct archive_program p = { 0 };

		campaigns_fill(&s, i, i, 3);
		assert_int_equal(archive_program(&p, reader, i + 1, true, NULL), 1);
		assert_string_equal(p.source, s.source);
		archive_program_release(&p);
	}
	campaigns_verify(reader);
	archive_close(a);
	archive_close(reader);
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	sqlite3_open("c", &db);
	sqlite3_prepare_v2(db, "SELECT sum(length(bytes)) * 4 < sum(raw_bytes) FROM source", -1, &q, NULL);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(q, 0), 1);
	sqlite3_finalize(q);
	sqlite3_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_campaign_remembers_its_birth, scratch_clear),
		cmocka_unit_test_setup(a_closed_campaign_is_one_file_with_the_promised_settings, scratch_clear),
		cmocka_unit_test_setup(an_existing_file_is_not_overwritten, scratch_clear),
		cmocka_unit_test_setup(the_log_of_a_removed_campaign_does_not_leak_into_a_new_one, scratch_clear),
		cmocka_unit_test_setup(only_one_process_writes_and_others_learn_who, scratch_clear),
		cmocka_unit_test_setup(what_is_no_campaign_is_refused, scratch_clear),
		cmocka_unit_test_setup(a_file_of_a_newer_version_is_refused_and_left_alone, scratch_clear),
		cmocka_unit_test_setup(a_reader_cannot_write_and_sees_what_is_committed, scratch_clear),
		cmocka_unit_test_setup(a_campaign_on_a_read_only_medium_opens, scratch_clear),
		cmocka_unit_test_setup(a_failed_call_in_a_batch_fails_alone, scratch_clear),
		cmocka_unit_test_setup(a_backup_is_a_campaign_of_its_own, scratch_clear),
		cmocka_unit_test_setup(a_thousand_programs_are_packed_small_and_read_back, scratch_clear),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
