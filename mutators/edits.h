/*
 * edits.h - replacements of byte ranges, collected against one text and applied together.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDITS_MAX 256
struct edits {
	struct edit { uint32_t start, end; char *text; } list[EDITS_MAX];   /* texts owned */
	int count;
	bool full;               /* an edit was dropped: nothing may be applied */
};

void edits_init(struct edits *e);
void edits_release(struct edits *e);
void edits_clear(struct edits *e);
/* Replace [start, end); start == end inserts. Several insertions at one byte keep their order. */
void edits_add(struct edits *e, uint32_t start, uint32_t end, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/*
 * [start, end) of the text with the edits applied, NUL-ended; NULL when edits overlap, leave the
 * range, or one was dropped. Caller frees.
 */
char *edits_apply(const struct edits *e, const char *text, uint32_t start, uint32_t end);
