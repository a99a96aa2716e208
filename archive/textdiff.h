/*
 * textdiff.h - what changed between two texts, as a unified diff (libgit2, three lines of context).
 * No repository is involved.
 */
#pragma once

#include <stddef.h>

struct err;

/*
 * *out: the diff with "--- a/OLD_NAME" and "+++ b/NEW_NAME" lines, empty for equal texts; caller
 * frees. Texts hold no NUL.
 */
int textdiff_unified(char **out, const char *old_text, size_t old_size, const char *old_name,
	const char *new_text, size_t new_size, const char *new_name, struct err *e);
