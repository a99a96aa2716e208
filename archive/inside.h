/*
 * inside.h - what the files of this folder share: an open campaign and how a row of program is
 * read.
 */
#pragma once

#include "archive/archive.h"
#include "archive/codec.h"
#include "archive/db.h"
#include "archive/stmt.h"

struct holder;

struct archive {
	struct db *db;
	struct codec *codec;
	struct holder *holder;          /* NULL when opened for reading */
	struct grid grid;
	bool maximise;
	struct hash_secret secret;
	char id[HASH_HEX];
};

/* Kinds of counter rows; the numbers stand in files. */
enum { COUNTER_VERDICT = 0, COUNTER_STAGE = 1, COUNTER_OPERATOR = 2 };
