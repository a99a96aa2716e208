/*
 * loader.h - map a candidate's shared object: our own, so that there is no ld.so to talk into
 * anything.
 *
 * The file is hostile: every offset is bounded before use, and tables are read from a private copy
 * of the file, never from memory that a relocation can change. There is no code path for
 * constructors, IFUNC, TLS, needed libraries, an interpreter or text relocations; a segment that is
 * writable and executable is refused. Five kinds of relocation are known.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOADER_FILE_MAX (4u << 20)
#define LOADER_SPAN_MAX (64u << 20)

/*
 * Returns the address of entry, a function in an executable segment, or NULL with a sentence in
 * reason. allowed and with_arena: as for imports_find.
 */
void *loader_load(int fd, const char *entry, const uint64_t *allowed, bool with_arena, char *reason,
	size_t reason_bytes);
