#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "archive/db.h"
#include "archive/stmt.h"
#include "base/err.h"
#include "base/text.h"
#include "tests/support/scratch.h"

static struct db *fresh(void)
{
	struct db *db = NULL;

	unlink("t");
	assert_int_equal(db_open(&db, "t", DB_CREATE, NULL), 0);
	assert_int_equal(db_run(db, "CREATE TABLE t (x INTEGER PRIMARY KEY, y REAL, z TEXT) STRICT", NULL),
		0);
	return db;
}

static int add(struct db *db, int64_t x)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, db, "INSERT INTO t VALUES (:x, NULL, NULL)", NULL);

	stmt_put_i64(q, ":x", x);
	if (rc == 0)
		rc = stmt_run(q, NULL);
	stmt_done(q);
	return rc;
}

static int64_t rows(struct db *db)
{
	int64_t n = -1;

	assert_int_equal(db_number(&n, db, "SELECT count(*) FROM t", NULL), 0);
	return n;
}

static void an_inner_failure_undoes_only_its_own_level(void **state)
{
	struct db *db = fresh();

	(void)state;
	assert_int_equal(db_begin(db, NULL), 0);
	assert_int_equal(add(db, 1), 0);
	assert_int_equal(db_begin(db, NULL), 0);
	assert_int_equal(add(db, 2), 0);
	assert_int_equal(db_end(db, ERR_LIMIT, NULL), ERR_LIMIT);
	assert_int_equal(db_begin(db, NULL), 0);
	assert_int_equal(add(db, 3), 0);
	assert_int_equal(db_end(db, 0, NULL), 0);
	assert_int_equal(db_end(db, 0, NULL), 0);
	assert_int_equal(rows(db), 2);
	assert_int_equal(db_begin(db, NULL), 0);
	assert_int_equal(add(db, 4), 0);
	assert_int_equal(db_end(db, ERR_IO, NULL), ERR_IO);
	assert_int_equal(rows(db), 2);
	db_close(db);
}

/* What a full disk does: SQLite ends the whole transaction while levels of it are open. */
static void a_transaction_that_sqlite_undid_is_lost_on_every_level(void **state)
{
	struct db *db = fresh();
	struct err e = { 0 };

	(void)state;
	assert_int_equal(db_begin(db, NULL), 0);
	assert_int_equal(add(db, 1), 0);
	assert_int_equal(db_begin(db, NULL), 0);
	assert_int_equal(db_run(db, "ROLLBACK", NULL), 0);
	assert_int_equal(db_end(db, ERR_FULL, &e), ERR_FULL);
	assert_int_equal(db_begin(db, &e), ERR_FULL);
	assert_int_equal(db_end(db, 0, &e), ERR_FULL);
	assert_non_null(strstr(e.text, "undone"));
	assert_int_equal(rows(db), 0);
	assert_int_equal(db_begin(db, NULL), 0);
	assert_int_equal(add(db, 1), 0);
	assert_int_equal(db_end(db, 0, NULL), 0);
	assert_int_equal(rows(db), 1);
	db_close(db);
}

static void a_failed_statement_names_the_reason_and_can_be_used_again(void **state)
{
	struct db *db = fresh();
	struct err e = { 0 };
	struct stmt *q = NULL;

	(void)state;
	assert_int_equal(add(db, 1), 0);
	assert_int_equal(add(db, 1), ERR_DATABASE);
	assert_int_equal(add(db, 2), 0);
	assert_int_equal(db_stmt(&q, db, "SELECT x FROM nowhere", &e), ERR_DATABASE);
	assert_non_null(strstr(e.text, "nowhere"));
	assert_int_equal(db_stmt(&q, db, "INSERT INTO t (x, z) VALUES (:x, :z)", NULL), 0);
	stmt_put_i64(q, ":wrong", 1);
	assert_int_equal(stmt_step(q, &e), ERR_DATABASE);
	stmt_done(q);
	stmt_put_i64(q, ":x", 3);
	assert_int_equal(stmt_run(q, &e), 0);
	stmt_done(q);
	db_close(db);
}

static void a_statement_in_use_is_not_given_twice(void **state)
{
	static const char sql[] = "SELECT x FROM t ORDER BY x";
	struct db *db = fresh();
	struct stmt *q = NULL, *again = NULL;

	(void)state;
	add(db, 1);
	add(db, 2);
	assert_int_equal(db_stmt(&q, db, sql, NULL), 0);
	assert_int_equal(stmt_step(q, NULL), 1);
	assert_int_equal(db_stmt(&again, db, sql, NULL), ERR_DATABASE);
	assert_int_equal(stmt_i64(q, "x"), 1);
	stmt_done(q);
	assert_int_equal(db_stmt(&again, db, sql, NULL), 0);
	assert_ptr_equal(q, again);
	db_close(db);
}

static void values_come_back_by_name_and_null_as_nan_and_null(void **state)
{
	struct db *db = fresh();
	struct stmt *q = NULL;

	(void)state;
	db_stmt(&q, db, "INSERT INTO t VALUES (:x, :y, :z)", NULL);
	stmt_put_text(q, ":z", NULL);
	stmt_put_double(q, ":y", NAN);
	stmt_put_id(q, ":x", 7);
	assert_int_equal(stmt_run(q, NULL), 0);
	stmt_done(q);
	db_stmt(&q, db, "SELECT x, y, z FROM t", NULL);
	assert_int_equal(stmt_step(q, NULL), 1);
	assert_null(stmt_text(q, "z"));
	assert_int_equal(stmt_i64(q, "x"), 7);
	assert_true(isnan(stmt_double(q, "y")) && stmt_is_null(q, "y"));
	stmt_done(q);
	db_close(db);
}

static void another_writer_is_waited_for_and_then_reported(void **state)
{
	struct db *db = fresh(), *other = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(db_open(&other, "t", DB_WRITE, NULL), 0);
	assert_int_equal(db_begin(db, NULL), 0);
	assert_int_equal(db_run(other, "PRAGMA busy_timeout = 50", NULL), 0);
	assert_int_equal(db_begin(other, &e), ERR_BUSY);
	assert_int_equal(db_end(db, 0, NULL), 0);
	assert_int_equal(db_begin(other, NULL), 0);
	assert_int_equal(db_end(other, 0, NULL), 0);
	db_close(other);
	db_close(db);
}

static void a_reader_writes_nothing(void **state)
{
	struct db *db = fresh(), *reader = NULL;

	(void)state;
	add(db, 1);
	assert_int_equal(db_open(&reader, "t", DB_READ, NULL), 0);
	assert_false(db_writable(reader));
	assert_int_equal(add(reader, 2), ERR_DATABASE);
	assert_int_equal(rows(reader), 1);
	db_close(reader);
	db_close(db);
	assert_int_equal(db_open(&db, "absent", DB_READ, NULL), ERR_MISSING);
	assert_int_equal(db_open(&db, "absent", DB_WRITE, NULL), ERR_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_inner_failure_undoes_only_its_own_level),
		cmocka_unit_test(a_transaction_that_sqlite_undid_is_lost_on_every_level),
		cmocka_unit_test(a_failed_statement_names_the_reason_and_can_be_used_again),
		cmocka_unit_test(a_statement_in_use_is_not_given_twice),
		cmocka_unit_test(values_come_back_by_name_and_null_as_nan_and_null),
		cmocka_unit_test(another_writer_is_waited_for_and_then_reported),
		cmocka_unit_test(a_reader_writes_nothing),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
