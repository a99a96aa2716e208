/*
 * err.h - what went wrong, as a code for the program and a sentence for people.
 *
 * Functions return 0 (or 1 found / 0 none) and a negative ERR_* code. The text goes into a caller-owned struct err,
 * always the last parameter; NULL is allowed everywhere. The first failure sets the text, each level above may put
 * what it knows in front of it ("campaign x.yaml: line 3: ...").
 */
#pragma once

enum err_code {
	ERR_ARGS = -1,         /* the caller's or user's input is wrong; the text names the mend */
	ERR_IO = -2,           /* a file, pipe or disk call failed */
	ERR_FORMAT = -3,       /* bytes that do not parse, a value out of range, NaN where a number is needed */
	ERR_LIMIT = -4,        /* a named cap of ours was hit */
	ERR_TIMEOUT = -5,
	ERR_MISSING = -6,      /* a file, program, key or row that must be there is not */
	ERR_BUSY = -7,         /* somebody else holds it */
	ERR_DATABASE = -8,
	ERR_SANDBOX = -9,      /* our own isolation failed: never a verdict on a candidate */
	ERR_UNSUPPORTED = -10, /* this machine or build cannot do it */
	ERR_PROTOCOL = -11,    /* a peer broke the frame or message rules */
	ERR_CHILD = -12,       /* a child process of ours ended when it should not */
	ERR_FULL = -13,        /* no space left on the device or over the quota */
};

#define ERR_TEXT_MAX 1024

struct err {
	int code;                /* 0 while nothing failed */
	char text[ERR_TEXT_MAX]; /* a sentence without a final stop or newline */
};

/* Set code and text (replacing what stood there) and return the code, so that `return err_set(...)` reads well. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* As err_set, with ": strerror(errno)" appended and ERR_FULL chosen for ENOSPC and EDQUOT. */
int err_errno(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Put "format: " in front of the text that is there, where something has failed. Returns the code that is there; ERR_FORMAT when e is NULL. */
int err_in(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
