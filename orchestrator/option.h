/*
 * option.h - the one table of campaign settings: it reads campaign files and --set, and prints
 * --help and the manual.
 *
 * A row is a dotted path ("budget.wall"), a type, a range or list of choices, a default, a unit and
 * one line of text, and the place in struct campaign that it fills. Unknown key, wrong type, value
 * out of range are errors with file, line, column and the nearest valid key.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct err;
struct campaign;

enum option_type {
	OPTION_TEXT,   /* char * */
	OPTION_PATH,   /* char *, relative to the campaign file's folder; made absolute */
	OPTION_I64,    /* int64_t, low..high */
	OPTION_DOUBLE, /* double, low..high */
	OPTION_SPAN,   /* int64_t ns, from "90s", "2h" */
	OPTION_BOOL,   /* bool */
	OPTION_CHOICE, /* int, index into choices */
	/* struct option_words: a sequence of texts, or one text split at spaces */
	OPTION_WORDS,
	OPTION_PAIRS,      /* struct option_pairs: a mapping of texts */
	OPTION_REFERENCES, /* struct campaign_references */
};
struct option {
	const char *path;
	enum option_type type;
	size_t offset;              /* in struct campaign */
	double low, high;           /* I64, DOUBLE, SPAN (s); high of WORDS: at most so many */
	const char *const *choices; /* NULL-ended */
	const char *fallback;       /* default as text, NULL: none */
	const char *unit, *text;
	const char *alias; /* command line flag that means the same ("--wall"), or NULL */
	int fixed;                   /* 1: part of what a score means, settled when a campaign begins */
};
extern const struct option option_table[]; /* ends with path NULL */

struct option_words {
	char **words;
	int count;
};
struct option_pairs {
	char *(*pairs)[2];
	int count;
};

/*
 * Where a value came from, for errors: "campaign.yaml", line and column from 1; line 0: the command
 * line.
 */
struct option_origin {
	const char *file;
	int line, column;
};
/*
 * Set one option. A value of the command line (line 0) is also remembered in c->text
 * (campaign_remember), so that what an archive stores is what was run. An empty text or path takes
 * the value back to its default. "parameters.NAME" sets one parameter.
 */
int option_set(struct campaign *c, const char *path, const char *value, struct option_origin origin,
	struct err *e);
/* "key=value" of --set. */
int option_assign(struct campaign *c, const char *assignment, struct err *e);
const struct option *option_find(const char *path);
/* For errors: the nearest valid path, or NULL. */
const char *option_nearest(const char *path);
/* The option of a command line flag ("--wall"), or NULL. */
const struct option *option_by_alias(const char *flag);
/*
 * For the reader of files, which knows sequences: one more word or row; clear empties an option
 * first.
 */
int option_add_word(struct campaign *c, const struct option *o, const char *word, struct err *e);
int option_add_reference(struct campaign *c, const char *name, const char *metric, double value,
	const char *source, struct err *e);
void option_clear(struct campaign *c, const struct option *o);
/* The table's default for one option; 0, or an error where the table contradicts itself. */
int option_default(struct campaign *c, const struct option *o, struct err *e);
/* "whole number, 0 to 256 (slots)", "fixed | attributes | free": for help and the manual. */
void option_type_text(char out[160], const struct option *o);
