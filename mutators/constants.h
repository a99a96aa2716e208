/*
 * constants.h - the floating literals of a region as an array that can be fitted, and back.
 *
 *      x * 0.5 - (-1.0)   ─ extract ─▶   extern double clade_constants[];
 *                                        x * clade_constants[0] - clade_constants[1]
 *                         ─ restore ─▶   x * 0.49 - (-1.02)
 *
 * Left alone: static initialisers, case labels, array sizes, preprocessor lines, attributes,
 * integers, long double and hexadecimal literals. The names stand in the adapter's translation
 * unit, where `real` may be a macro; a float literal is read as ((float)clade_constants[i]).
 */
#pragma once

#include <stddef.h>

#include "mutators/sketch.h"

/*
 * *out: the text with up to max literals read from the array; values: theirs; *count: how many. 1
 * done, 0 nothing to fit (no literal, or the text has the array's name already). Caller frees.
 */
int constants_extract(char **out, double *values, int *count, int max, const struct sketch *s);
/*
 * The text that extract made, with values written as literals again. ERR_FORMAT for text that
 * extract did not make or an index out of range.
 */
int constants_restore(
	char **out, const char *tunable, const double *values, int count, struct err *e);
