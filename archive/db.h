/*
 * db.h - one SQLite connection: its settings, its transactions, its statements, its errors as ERR_*
 * codes.
 *
 * Statements are prepared once and kept: db_stmt finds them by the address of the SQL text, which
 * must therefore be a string literal (or another text that outlives the connection). Transactions
 * nest: the outermost is a transaction, the inner ones are savepoints.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;
struct sqlite3;
struct db;
struct stmt;

enum db_mode {
	DB_READ,      /* read-only; a file on a read-only medium is opened too */
	DB_WRITE,     /* the file must exist */
	DB_CREATE,    /* a new or empty file */
};

int db_open(struct db **out, const char *path, enum db_mode mode, struct err *e);
void db_close(struct db *db);
/* Run a script of statements whose rows nobody wants. */
int db_run(struct db *db, const char *sql, struct err *e);
/* A statement, reset and without bindings. Borrowed from db; end each use with stmt_done. */
int db_stmt(struct stmt **out, struct db *db, const char *sql, struct err *e);
/* The first column of the first row of a statement without parameters; 0 when there is none. */
int db_number(int64_t *out, struct db *db, const char *sql, struct err *e);

/*
 * db_end commits when rc is 0 and undoes this level when it is negative; it returns rc or what went
 * wrong on committing. Each successful db_begin needs one db_end. When SQLite gives up the whole
 * transaction (a full disk), every level that is still open fails with that error.
 */
int db_begin(struct db *db, struct err *e);
int db_end(struct db *db, int rc, struct err *e);

int64_t db_last_id(struct db *db);      /* of the last row that was inserted */

/*
 * Code and text of SQLite's last failure: ERR_FULL, ERR_BUSY, ERR_FORMAT for no database, else
 * ERR_DATABASE.
 */
int db_failed(struct db *db, const char *doing, struct err *e);
bool db_writable(const struct db *db);
struct sqlite3 *db_handle(struct db *db);
