/*
 * cascade.h - the stages of one candidate's path, cheapest first; each may reject, each has its cost accounted.
 */
#pragma once

enum cascade_stage {
	CASCADE_EDIT,          /* mutator output applied, limits of the evolved region and syntax enforced */
	CASCADE_TOKEN,         /* token hash looked up */
	CASCADE_COMPILE,
	CASCADE_OBJECT,        /* object hash looked up */
	CASCADE_SMALL_CHECK,   /* probe stream */
	CASCADE_FULL_CHECK,    /* search stream, or every round of the check stream */
	CASCADE_RACE,          /* timed: early rejection against a rival */
	CASCADE_DUEL,          /* timed: fresh layouts, replacement, report */
	CASCADE_TUNE,          /* constants, before a candidate is proposed */
	CASCADE_COMMIT,
	CASCADE_COUNT
};
struct cascade_row {
	const char *name;      /* "small_check" */
	const char *where;     /* "orchestrator", "compile box", "run box" */
	const char *meaning;
};
extern const struct cascade_row cascade_rows[CASCADE_COUNT];
int cascade_find(const char *name);    /* -1 when unknown */
