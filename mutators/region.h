/*
 * region.h - the evolved region of a source: between EVOLVE-BLOCK-START and EVOLVE-BLOCK-END, or one function by name.
 *
 * Markers stand in comments, each on a line of its own; the region is the whole lines between them. Exactly one block.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct err;
struct region { size_t start, end; };       /* bytes of the source, [start, end) */

/* function NULL: by markers. ERR_FORMAT names the line and the mend (no markers, two blocks, end before start, no such function). */
int region_find(struct region *out, const char *source, size_t size, const char *function, struct err *e);
/* The base text with its region replaced; caller frees. */
char *region_replace(const char *base, size_t size, struct region r, const char *text, size_t text_size);
/*
 * Is `text` the base with only its region changed? *inner: the changed region in text. ERR_FORMAT when bytes outside differ.
 * text may have been made from markers moved or dropped by a careless edit: that is an error here, never repaired.
 */
int region_check(struct region *inner, const char *base, size_t base_size, struct region base_region, const char *text, size_t size, struct err *e);
