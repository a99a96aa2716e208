/*
 * stmt.h - one prepared statement: parameters and columns by name.
 *
 * Binding never fails at once: the first failure is kept and reported by stmt_step, so that callers
 * bind in a row. Bound texts and blobs are borrowed until stmt_done. Column texts and blobs live
 * until the next step or stmt_done. Parameters and columns that are used in the order of the SQL
 * text are found without searching.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct err;
struct stmt;

int stmt_new(struct stmt **out, struct db *db, const char *sql, struct err *e);
void stmt_free(struct stmt *q);
int stmt_reuse(struct stmt *q, struct err *e);       /* ERR_DATABASE while its rows are being read */

void stmt_put_i64(struct stmt *q, const char *name, int64_t value);
void stmt_put_id(struct stmt *q, const char *name, int64_t value);      /* 0 and below put NULL */
void stmt_put_double(struct stmt *q, const char *name, double value);   /* NaN puts NULL */
/* NULL puts NULL. */
void stmt_put_text(struct stmt *q, const char *name, const char *value);
void stmt_put_blob(struct stmt *q, const char *name, const void *bytes, size_t size);

int stmt_step(struct stmt *q, struct err *e);        /* 1 a row, 0 no more */
int stmt_run(struct stmt *q, struct err *e);         /* to the end; 0 */
void stmt_done(struct stmt *q);

int64_t stmt_first(struct stmt *q);                  /* the first column as a number */
bool stmt_is_null(struct stmt *q, const char *name);
int64_t stmt_i64(struct stmt *q, const char *name);
double stmt_double(struct stmt *q, const char *name);       /* NULL gives NaN */
const char *stmt_text(struct stmt *q, const char *name);    /* NULL gives NULL */
const void *stmt_blob(size_t *size, struct stmt *q, const char *name);
