/*
 * arguments.h - reading a command's arguments: options as rows, everything else positional.
 *
 * "--key value" and "--key=value" are one; options may stand anywhere; "--" ends them. --help is
 * every command's. Where a row takes settings (--set key=value), the flags of the option table
 * ("--wall 90s") are taken too. Unknown options are usage errors that name the nearest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;
struct campaign;
struct command;

#define ARGUMENTS_SETTINGS_MAX 64
#define ARGUMENTS_POSITIONALS_MAX 4

/*
 * Settings in the order given, to be applied once the campaign's file was read. Texts are borrowed
 * from argv.
 */
struct arguments_settings {
	/* path NULL: value is key=value */
	struct {
		const char *flag, *path, *value;
	} rows[ARGUMENTS_SETTINGS_MAX];
	int count;
};

enum arguments_type {
	ARGUMENTS_FLAG,     /* bool */
	ARGUMENTS_TEXT,     /* const char *, borrowed from argv */
	ARGUMENTS_COUNT,    /* int64_t, low..high */
	ARGUMENTS_SPAN,     /* int64_t ns, positive */
	ARGUMENTS_SETTINGS, /* struct arguments_settings */
};
struct arguments_row {
	const char *name; /* "--limit" */
	enum arguments_type type;
	void *place;
	int64_t low, high; /* COUNT */
};

#define ARGUMENTS_GO_ON (-1)
/*
 * Fill the rows' places and positional[0..most-1] (NULL where absent). rows end with name NULL.
 * ARGUMENTS_GO_ON, or the status that the command ends with: help was asked for and printed, or the
 * usage was wrong and said so.
 */
int arguments_read(const char **positional, int least, int most, const struct arguments_row *rows,
	const struct command *c, int argc, char **argv);
/* Set what was collected; the campaign's file is loaded. */
int arguments_apply(const struct arguments_settings *s, struct campaign *c, struct err *e);
