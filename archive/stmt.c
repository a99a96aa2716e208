#include "archive/stmt.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "archive/db.h"
#include "base/err.h"
#include "base/memory.h"

struct stmt {
	struct db *db;          /* borrowed */
	sqlite3_stmt *handle;
	int bound;              /* first failure of binding, SQLITE_OK while none */
	int last_parameter;     /* where the last name was found; the next is mostly behind it */
	int last_column;
};

int stmt_new(struct stmt **out, struct db *db, const char *sql, struct err *e)
{
	struct stmt *q = memory_alloc(sizeof(*q));

	q->db = db;
	if (sqlite3_prepare_v3(db_handle(db), sql, -1, SQLITE_PREPARE_PERSISTENT, &q->handle, NULL)
		!= SQLITE_OK) {
		free(q);
		return db_failed(db, "prepare", e);
	}
	*out = q;
	return 0;
}

void stmt_free(struct stmt *q)
{
	if (!q)
		return;
	sqlite3_finalize(q->handle);
	free(q);
}

int stmt_reuse(struct stmt *q, struct err *e)
{
	if (sqlite3_stmt_busy(q->handle))
		return err_set(e, ERR_DATABASE, "statement in use: %s", sqlite3_sql(q->handle));
	stmt_done(q);
	return 0;
}

static int index_of(struct stmt *q, const char *name)
{
	const char *next = sqlite3_bind_parameter_name(q->handle, q->last_parameter + 1);
	int index = q->last_parameter + 1;

	if (!next || strcmp(next, name) != 0)
		index = sqlite3_bind_parameter_index(q->handle, name);
	q->last_parameter = index;
	if (index == 0 && q->bound == SQLITE_OK)
		q->bound = SQLITE_RANGE;
	return index;
}

static void note(struct stmt *q, int rc)
{
	if (rc != SQLITE_OK && q->bound == SQLITE_OK)
		q->bound = rc;
}

void stmt_put_i64(struct stmt *q, const char *name, int64_t value)
{
	note(q, sqlite3_bind_int64(q->handle, index_of(q, name), value));
}

void stmt_put_id(struct stmt *q, const char *name, int64_t value)
{
	if (value > 0)
		stmt_put_i64(q, name, value);
	else
		note(q, sqlite3_bind_null(q->handle, index_of(q, name)));
}

void stmt_put_double(struct stmt *q, const char *name, double value)
{
	note(q, sqlite3_bind_double(q->handle, index_of(q, name), value));
}

void stmt_put_text(struct stmt *q, const char *name, const char *value)
{
	note(q, sqlite3_bind_text(q->handle, index_of(q, name), value, -1, SQLITE_STATIC));
}

void stmt_put_blob(struct stmt *q, const char *name, const void *bytes, size_t size)
{
	note(q, sqlite3_bind_blob64(q->handle, index_of(q, name), bytes, size, SQLITE_STATIC));
}

int stmt_step(struct stmt *q, struct err *e)
{
	if (q->bound != SQLITE_OK)
		return err_set(e, ERR_DATABASE, "bind: %s: %s", sqlite3_errstr(q->bound),
			sqlite3_sql(q->handle));
	q->last_column = -1;
	switch (sqlite3_step(q->handle)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return db_failed(q->db, "database", e);
	}
}

int stmt_run(struct stmt *q, struct err *e)
{
	int rc;

	do {
		rc = stmt_step(q, e);
	} while (rc == 1);
	return rc;
}

void stmt_done(struct stmt *q)
{
	if (!q)
		return;
	sqlite3_reset(q->handle);
	sqlite3_clear_bindings(q->handle);
	q->bound = SQLITE_OK;
	q->last_parameter = 0;
}

int64_t stmt_first(struct stmt *q)
{
	return sqlite3_column_int64(q->handle, 0);
}

/*
 * A name that the SELECT does not have is a mistake in this folder, and the tests run every
 * statement.
 */
static int column_of(struct stmt *q, const char *name)
{
	int count = sqlite3_column_count(q->handle);

	for (int i = 1; i <= count; i++) {
		int column = (q->last_column + i) % count;

		if (strcmp(sqlite3_column_name(q->handle, column), name) == 0) {
			q->last_column = column;
			return column;
		}
	}
	abort();
}

bool stmt_is_null(struct stmt *q, const char *name)
{
	return sqlite3_column_type(q->handle, column_of(q, name)) == SQLITE_NULL;
}

int64_t stmt_i64(struct stmt *q, const char *name)
{
	return sqlite3_column_int64(q->handle, column_of(q, name));
}

double stmt_double(struct stmt *q, const char *name)
{
	int column = column_of(q, name);

	if (sqlite3_column_type(q->handle, column) == SQLITE_NULL)
		return NAN;
	return sqlite3_column_double(q->handle, column);
}

const char *stmt_text(struct stmt *q, const char *name)
{
	return (const char *)sqlite3_column_text(q->handle, column_of(q, name));
}

const void *stmt_blob(size_t *size, struct stmt *q, const char *name)
{
	int column = column_of(q, name);
	const void *bytes = sqlite3_column_blob(q->handle, column);

	*size = (size_t)sqlite3_column_bytes(q->handle, column);
	return bytes;
}
