/*
 * command.h - subcommands: one const struct and one exec function each, listed in one table
 * (command.c).
 *
 * Exit statuses: 0 finished / done, 1 failed, 2 usage, 3 stopped before its end (resumable), 4 held
 * by another process, 5 nothing found / refused.
 */
#pragma once

#define COMMAND_VERSION "0.1.0"

enum command_status {
	COMMAND_DONE = 0,
	COMMAND_FAILED = 1,
	COMMAND_USAGE = 2,
	COMMAND_STOPPED = 3,
	COMMAND_BUSY = 4,
	COMMAND_REFUSED = 5
};

struct command {
	const char *name;      /* "status" */
	const char *arguments; /* "FILE [--json]" */
	const char *summary;   /* one line */
	/* options and exit statuses, printed by --help and copied to the manual */
	const char *help;
	int (*exec)(int argc, char **argv); /* argv[0] is the command's name */
	int hidden;                         /* worker: not for people */
};
extern const struct command *const command_table[]; /* ends with NULL */
const struct command *command_find(const char *name);
/* The nearest command's name for a slip, or NULL. */
const char *command_nearest(const char *name);
/* prints usage to stdout, returns COMMAND_DONE */
int command_help(const struct command *c);
/* Print "clade NAME: text" and a hint to stderr, return status. */
int command_fail(const char *name, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
struct err;
/* picks the exit status from e->code */
int command_error(const char *name, const struct err *e);
