/*
 * screen.h - has this program been seen, and may it be tried? By text before it is compiled, by object bytes after.
 *
 * A hit compares the bytes, so a collision of the keyed hash cannot be made to count (DESIGN, three identities).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "evaluators/verdict.h"

struct err;
struct candidate;
struct search;

#define SCREEN_REASON_MAX 256

/*
 * The text's region stands where the seed's does, nothing outside it changed, and its syntax is allowed. 0 fine, 1 refused with
 * verdict and reason set, or an error of ours.
 */
int screen_text(enum verdict *verdict, char reason[SCREEN_REASON_MAX], const struct search *s, const char *source, size_t source_bytes, struct err *e);
/* 1 seen (*of: the program that it repeats; 0: one in flight), 0 new. Sets candidate->token and notes it as in flight. */
int screen_token(int64_t *of, struct candidate *c, struct err *e);
/* 1 seen, 0 new. Sets candidate->object. */
int screen_object(int64_t *of, struct candidate *c, struct err *e);
