#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "archive/db.h"
#include "archive/schema.h"
#include "archive/stmt.h"
#include "base/err.h"
#include "tests/support/scratch.h"

static const struct schema_step steps[] = {
	{ "CREATE TABLE t (x INTEGER) STRICT; INSERT INTO t VALUES (5);" },
	{ "ALTER TABLE t ADD COLUMN y INTEGER; UPDATE t SET y = 2 * x;" },
	{ "CREATE TABLE half (x INTEGER) STRICT; INSERT INTO absent VALUES (1);" },
};

static struct db *fresh(void)
{
	struct db *db = NULL;

	assert_int_equal(db_open(&db, "t", DB_CREATE, NULL), 0);
	return db;
}

static int64_t number(struct db *db, const char *sql)
{
	int64_t n = -1;

	db_number(&n, db, sql, NULL);
	return n;
}

static void steps_are_applied_once_and_in_order(void **state)
{
	struct db *db = fresh();

	(void)state;
	assert_int_equal(schema_upgrade(db, steps, 1, NULL), 0);
	assert_int_equal(number(db, "PRAGMA user_version"), 1);
	assert_int_equal(schema_upgrade(db, steps, 2, NULL), 0);
	assert_int_equal(schema_upgrade(db, steps, 2, NULL), 0);
	assert_int_equal(number(db, "PRAGMA user_version"), 2);
	assert_int_equal(number(db, "SELECT y FROM t"), 10);
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 1);
	db_close(db);
}

static void a_failed_step_changes_nothing(void **state)
{
	struct db *db = fresh();
	struct err e = { 0 };

	(void)state;
	assert_int_equal(schema_upgrade(db, steps, 3, &e), ERR_DATABASE);
	assert_non_null(strstr(e.text, "step 3"));
	assert_int_equal(number(db, "PRAGMA user_version"), 2);
	assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
	assert_int_equal(number(db, "SELECT y FROM t"), 10);
	db_close(db);
}

static void a_newer_file_is_refused(void **state)
{
	struct db *db = fresh();

	(void)state;
	assert_int_equal(schema_upgrade(db, steps, 2, NULL), 0);
	assert_int_equal(schema_upgrade(db, steps, 1, NULL), ERR_FORMAT);
	assert_int_equal(db_run(db, "PRAGMA user_version = 1000", NULL), 0);
	assert_int_equal(schema_check(db, true, NULL), ERR_FORMAT);
	db_close(db);
}

/* Every line of a table's definition that starts a column ends in a comment. */
static void every_table_is_strict_and_every_column_has_its_comment(void **state)
{
	struct db *db = fresh();
	struct stmt *q = NULL;
	int tables = 0, columns = 0;

	(void)state;
	assert_int_equal(schema_upgrade(db, schema_steps, schema_latest, NULL), 0);
	assert_int_equal(db_stmt(&q, db, "SELECT sql FROM sqlite_schema WHERE type = 'table'", NULL), 0);
	while (stmt_step(q, NULL) == 1) {
		const char *sql = stmt_text(q, "sql");

		tables++;
		assert_non_null(strstr(sql, "STRICT"));
		for (const char *line = strchr(sql, '\n'); line; line = strchr(line + 1, '\n')) {
			const char *end = strchr(line + 1, '\n'), *comment = strstr(line, "--");
			bool column = line[1] == '\t' && islower((unsigned char)line[2]);

			columns += column;
			if (column && !(comment && end && comment < end))
				fail_msg("no comment: %.60s", line + 2);
		}
	}
	stmt_done(q);
	assert_true(tables >= 14 && columns > 80);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(steps_are_applied_once_and_in_order, scratch_clear),
		cmocka_unit_test_setup(a_failed_step_changes_nothing, scratch_clear),
		cmocka_unit_test_setup(a_newer_file_is_refused, scratch_clear),
		cmocka_unit_test_setup(every_table_is_strict_and_every_column_has_its_comment, scratch_clear),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
