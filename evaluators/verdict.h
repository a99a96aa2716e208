/*
 * verdict.h - what became of a candidate. Our own failures are errors (base/err.h), never verdicts.
 */
#pragma once

#include <stdbool.h>

enum verdict {
	VERDICT_OK,
	VERDICT_SLOWER,         /* lost the race or the duel for its cell */
	VERDICT_WRONG,
	VERDICT_CRASH,
	VERDICT_TIMEOUT,
	VERDICT_LIMIT,
	VERDICT_FORBIDDEN,
	VERDICT_CHEAT,
	VERDICT_COMPILE_ERROR,
	VERDICT_INVALID_EDIT,
	VERDICT_DUPLICATE,
	VERDICT_QUARANTINED,
	VERDICT_COUNT
};

struct verdict_row {
	const char *name;       /* as stored and printed: "compile_error" */
	const char *meaning;
	const char *stage;      /* the cascade stage that gives it */
	bool fed_back;          /* may a mutator be told? */
};
extern const struct verdict_row verdict_rows[VERDICT_COUNT];

/* The verdict of a name, or -1. */
int verdict_find(const char *name);
