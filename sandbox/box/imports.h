/*
 * imports.h - from an imported name to an address, if the start order allows that name.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * The address, or NULL when the name is unknown, not allowed, or needs an arena and there is none.
 */
void *imports_find(const char *name, const uint64_t *allowed, bool with_arena);
