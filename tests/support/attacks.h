/*
 * attacks.h - the hostile programs of tests/escape/programs: what each promises in its first line,
 * and the runner's frame.
 *
 *   first line of a program, a comment:   expect: FORBIDDEN or CRASH. What it tries. Outside the box: works.
 *   or, for one that runs to its end:     expect: OK 5. What it tries.        (5 is what it leaves as its result)
 *
 * compile_*: the outcome of compiling. object_*: the whole image is the attack; the outcome of
 * starting, or of the call when it starts. run_*: attack() is called through a standard adapter;
 * the outcome of the call.
 */
#pragma once

#include <stdbool.h>

#include "sandbox/sandbox.h"

#define ATTACKS_FOLDER "tests/escape/programs"

struct attacks_one {
	char name[64];     /* "run_open" */
	char *text;        /* owned, @CANARY@ replaced */
	unsigned expected; /* bit 1 << enum sandbox_outcome each */
	bool has_value;
	double value;
	bool works_outside, leaks_outside;
};

/*
 * Run test once per program whose name begins with prefix, then the rest of the tests. Returns
 * main's status.
 */
struct CMUnitTest;
int attacks_run(const char *prefix, void (*test)(void **state), const struct CMUnitTest *rest,
	int rest_count);
/* Fails the test unless outcome is one that the program promised. detail: for the message. */
void attacks_check(const struct attacks_one *a, enum sandbox_outcome outcome, const char *detail);
/* A file of the host with a text that nobody else uses, readable by everyone. */
const char *attacks_canary_path(void);
const char *attacks_canary_text(void);
/* A folder of this program alone, removed at its end. */
const char *attacks_folder(void);
/* The text of one program, to be freed; fails the test when it is missing. */
char *attacks_text(const char *name);
