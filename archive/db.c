#include "archive/db.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/stmt.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"

/* Another process writes only for one transaction: nothing of ours holds the lock for so long. */
#define BUSY_MS 5000
/* A URI of three bytes for each byte of the longest path. */
#define URI_BYTES_MAX (3 * 4096 + 64)

/*
 * synchronous FULL: a commit that was reported is on disk. The WAL is kept while the campaign runs,
 * because writing over it costs a fiftieth of appending (0.1 against 5 ms on ext4). secure_delete
 * is on in Debian's build and rewrites freed pages for nothing. trusted_schema off: a campaign file
 * may come from somebody else.
 */
static const char settings[] =
	"PRAGMA trusted_schema = OFF;"
	"PRAGMA foreign_keys = ON;"
	"PRAGMA synchronous = FULL;"
	"PRAGMA wal_autocheckpoint = 1000;"
	"PRAGMA secure_delete = OFF;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA cache_size = -32768;";

struct kept {
	const char *sql;        /* borrowed: the key is the address */
	struct stmt *stmt;      /* owned */
};

struct db {
	sqlite3 *handle;
	struct kept *kept;
	int kept_count;
	enum db_mode mode;
	int depth;              /* open levels of transactions */
	int lost;               /* the error with which SQLite undid them all, 0: none */
};

static int code_of(sqlite3 *handle)
{
	int number = sqlite3_system_errno(handle);

	switch (sqlite3_errcode(handle) & 0xff) {
	case SQLITE_FULL:
		return ERR_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_NOTADB:
		return ERR_FORMAT;
	case SQLITE_CANTOPEN:
		return number == ENOENT ? ERR_MISSING : ERR_DATABASE;
	case SQLITE_IOERR:
		return number == ENOSPC || number == EDQUOT ? ERR_FULL : ERR_DATABASE;
	default:
		return ERR_DATABASE;
	}
}

int db_failed(struct db *db, const char *doing, struct err *e)
{
	return err_set(e, code_of(db->handle), "%s: %s", doing, sqlite3_errmsg(db->handle));
}

/* file:PATH?immutable=1, every byte that a URI might read otherwise written as %XX. */
static char *immutable_uri(const char *path)
{
	struct buffer b;

	buffer_init(&b, URI_BYTES_MAX);
	buffer_add_text(&b, "file:");
	for (const char *p = path; *p; p++) {
		if (*p == '%' || *p == '?' || *p == '#' || (unsigned char)*p <= ' ')
			buffer_format(&b, "%%%02X", (unsigned char)*p);
		else
			buffer_add(&b, p, 1);
	}
	buffer_add_text(&b, "?immutable=1");
	return buffer_take(&b);
}

static int try_open(struct db *db, const char *name, int flags, struct err *e)
{
	if (sqlite3_open_v2(name, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		if (!db->handle)
			return err_set(e, ERR_DATABASE, "SQLite is out of memory");
		return db_failed(db, "open", e);
	}
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	if (flags & SQLITE_OPEN_CREATE) {
		/* The page size is fixed by the first write, so it goes before WAL mode. */
		int rc = db_run(db, "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;", e);

		if (rc < 0)
			return rc;
	}
	return db_run(db, settings, e);
}

/* Reads something, because SQLite opens the file only then. */
static int probe(struct db *db, struct err *e)
{
	int64_t version;

	return db_number(&version, db, "PRAGMA user_version", e);
}

static void drop_handle(struct db *db)
{
	for (int i = 0; i < db->kept_count; i++)
		stmt_free(db->kept[i].stmt);
	free(db->kept);
	db->kept = NULL;
	db->kept_count = 0;
	sqlite3_close(db->handle);
	db->handle = NULL;
}

/*
 * A WAL database needs its -shm file beside it, which a read-only medium does not take. Where no
 * -wal file stands there, the database file alone is complete and is read as one that nobody
 * changes.
 */
static int open_for_reading(struct db *db, const char *path, struct err *e)
{
	int rc = try_open(db, path, SQLITE_OPEN_READONLY, e);
	char *wal, *uri;

	if (rc == 0)
		rc = probe(db, e);
	if (rc == 0 || rc == ERR_FORMAT || access(path, R_OK) < 0)
		return rc;
	wal = text_format("%s-wal", path);
	uri = immutable_uri(path);
	if (access(wal, F_OK) < 0) {
		drop_handle(db);
		rc = try_open(db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e);
		if (rc == 0)
			rc = probe(db, e);
	}
	free(wal);
	free(uri);
	return rc;
}

int db_open(struct db **out, const char *path, enum db_mode mode, struct err *e)
{
	struct db *db = memory_alloc(sizeof(*db));
	int rc;

	db->mode = mode;
	if (mode == DB_READ) {
		rc = open_for_reading(db, path, e);
	} else {
		int create = mode == DB_CREATE ? SQLITE_OPEN_CREATE : 0;

		rc = try_open(db, path, SQLITE_OPEN_READWRITE | create, e);
		if (rc == 0)
			rc = probe(db, e);
	}
	if (rc < 0) {
		db_close(db);
		return rc;
	}
	*out = db;
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	drop_handle(db);
	free(db);
}

int db_run(struct db *db, const char *sql, struct err *e)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_failed(db, "SQL", e);
	return 0;
}

int db_stmt(struct stmt **out, struct db *db, const char *sql, struct err *e)
{
	struct stmt *made;
	int rc;

	for (int i = 0; i < db->kept_count; i++) {
		if (db->kept[i].sql != sql)
			continue;
		*out = db->kept[i].stmt;
		return stmt_reuse(*out, e);
	}
	rc = stmt_new(&made, db, sql, e);
	if (rc < 0)
		return rc;
	db->kept = memory_grow(db->kept, (size_t)db->kept_count + 1, sizeof(db->kept[0]));
	db->kept[db->kept_count++] = (struct kept){ sql, made };
	*out = made;
	return 0;
}

int db_number(int64_t *out, struct db *db, const char *sql, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, db, sql, e);

	if (rc == 0)
		rc = stmt_step(q, e);
	if (rc >= 0)
		*out = rc == 1 ? stmt_first(q) : 0;
	stmt_done(q);
	return rc < 0 ? rc : 0;
}

static int run_one(struct db *db, const char *sql, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, db, sql, e);

	if (rc == 0)
		rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

static int refuse_lost(const struct db *db, struct err *e)
{
	return err_set(e, db->lost ? db->lost : ERR_DATABASE,
		"the transaction around this was undone by an earlier failure");
}

int db_begin(struct db *db, struct err *e)
{
	int rc;

	if (db->depth > 0 && sqlite3_get_autocommit(db->handle))
		return refuse_lost(db, e);
	if (db->depth > 0)
		rc = run_one(db, "SAVEPOINT part", e);
	else
		/* IMMEDIATE: a transaction that starts reading and writes later cannot wait for a lock. */
		rc = run_one(db, db->mode == DB_READ ? "BEGIN" : "BEGIN IMMEDIATE", e);
	if (rc == 0)
		db->depth++;
	return rc;
}

static int end_inner(struct db *db, int rc, struct err *e)
{
	if (rc < 0) {
		run_one(db, "ROLLBACK TO part", NULL);
		run_one(db, "RELEASE part", NULL);
		return rc;
	}
	return run_one(db, "RELEASE part", e);
}

static int end_outer(struct db *db, int rc, struct err *e)
{
	if (rc == 0)
		rc = run_one(db, "COMMIT", e);
	/* A commit that failed leaves the transaction open, unless SQLite undid it itself. */
	if (rc < 0 && !sqlite3_get_autocommit(db->handle))
		run_one(db, "ROLLBACK", NULL);
	return rc;
}

int db_end(struct db *db, int rc, struct err *e)
{
	db->depth--;
	if (sqlite3_get_autocommit(db->handle)) {
		if (rc < 0 && !db->lost)
			db->lost = rc;
		rc = rc < 0 ? rc : refuse_lost(db, e);
	} else {
		rc = db->depth > 0 ? end_inner(db, rc, e) : end_outer(db, rc, e);
	}
	if (db->depth == 0)
		db->lost = 0;
	return rc;
}

int64_t db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

bool db_writable(const struct db *db)
{
	return db->mode != DB_READ;
}

struct sqlite3 *db_handle(struct db *db)
{
	return db->handle;
}
