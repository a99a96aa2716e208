/*
 * table.h - aligned columns of text for people.
 */
#pragma once

#include <stdio.h>

#define TABLE_COLUMNS_MAX 12

struct table;
/*
 * heads: one per column, NULL-ended; ">score" aligns the column to the right. Borrowed until
 * table_print.
 */
struct table *table_new(const char *const *heads);
void table_free(struct table *t);
/*
 * The next cell, row by row. Control characters are shown as '?', since texts come from candidates
 * too.
 */
void table_add(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/*
 * indent: spaces in front of every line. Missing cells of the last row are empty. The last column
 * is not padded.
 */
void table_print(const struct table *t, FILE *out, int indent);
