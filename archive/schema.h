/*
 * schema.h - the tables of a campaign file, and the steps from one version of them to the next.
 *
 * PRAGMA user_version counts the steps that were applied. A step is one transaction with its
 * version, so that a killed upgrade starts again. A file with more steps than this program knows is
 * refused.
 */
#pragma once

#include <stdbool.h>

struct db;
struct err;

struct schema_step {
	const char *sql;       /* from version i to version i + 1, i being the place in the table */
};

/* The steps of this program; schema_latest is how many there are. */
extern const struct schema_step schema_steps[];
extern const int schema_latest;

/* Apply what is missing. ERR_FORMAT when the file is newer than count. */
int schema_upgrade(struct db *db, const struct schema_step *steps, int count, struct err *e);
/*
 * 0 when the file is a campaign that this program can use: writing may upgrade it, reading may not.
 */
int schema_check(struct db *db, bool may_upgrade, struct err *e);
