#include "sandbox/box/imports.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/box/arena.h"
#include "sandbox/box/box_wire.h"
#include "sandbox/box/import_table.h"

/*
 * libgcc's helpers have no header; only their addresses are taken, so bytes under another C name
 * will do.
 */
#define DECLARE(name) extern char libgcc_##name[] __asm__(#name);
IMPORT_TABLE_LIBGCC(DECLARE)
#undef DECLARE

static _Noreturn void own_abort(void)
{
	__builtin_trap();
}

static void swap_bytes(char *a, char *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char t = a[i];
		a[i] = b[i];
		b[i] = t;
	}
}

static void sift_down(char *base, size_t root, size_t count, size_t size,
	int (*compare)(const void *, const void *))
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count &&
			compare(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (compare(base + root * size, base + child * size) >= 0)
			return;
		swap_bytes(base + root * size, base + child * size, size);
	}
}

/* Heapsort: in place, no recursion, n log n on every input. */
static void own_qsort(
	void *array, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	char *base = array;

	for (size_t i = count / 2; i-- > 0;)
		sift_down(base, i, count, size, compare);
	for (size_t end = count; end-- > 1;) {
		swap_bytes(base, base + end * size, size);
		sift_down(base, 0, end, size, compare);
	}
}

struct import {
	const char *name;
	void *address;
};

#define LIBRARY(name) { #name, (void *)name },
#define LIBGCC(name) { #name, libgcc_##name },
#define ARENA(name) { #name, (void *)arena_##name },
#define OWN(name) { #name, (void *)own_##name },
static const struct import imports[] = {
	IMPORT_TABLE_IMPLICIT(LIBRARY)
	IMPORT_TABLE_LIBGCC(LIBGCC)
	IMPORT_TABLE_ARENA(ARENA)
	IMPORT_TABLE_OWN(OWN)
	IMPORT_TABLE_LIBC(LIBRARY)
	IMPORT_TABLE_MATH(LIBRARY)
};
_Static_assert(sizeof imports / sizeof *imports == IMPORT_TABLE_COUNT, "one numbering");
_Static_assert(IMPORT_TABLE_COUNT <= 64 * BOX_IMPORT_WORDS, "every name has its bit");

static bool is_allowed(size_t i, const uint64_t *allowed, bool with_arena)
{
	size_t arena_first = IMPORT_TABLE_IMPLICIT_COUNT;

	if (i < arena_first)
		return true;
	if (i < arena_first + IMPORT_TABLE_ARENA_COUNT && !with_arena)
		return false;
	return (allowed[i / 64] >> (i % 64)) & 1;
}

void *imports_find(const char *name, const uint64_t *allowed, bool with_arena)
{
	for (size_t i = 0; i < IMPORT_TABLE_COUNT; i++)
		if (!strcmp(imports[i].name, name))
			return is_allowed(i, allowed, with_arena) ? imports[i].address : NULL;
	return NULL;
}
