/*
 * memory.h - allocation that does not fail: out of memory ends the process (the archive is transactional, a restart resumes).
 */
#pragma once

#include <stddef.h>

void *memory_alloc(size_t bytes);               /* zeroed; bytes 0 gives a unique pointer */
void *memory_array(size_t count, size_t size);  /* zeroed, overflow checked */
void *memory_grow(void *old, size_t count, size_t size); /* realloc, overflow checked; new bytes are not zeroed */
void *memory_copy(const void *from, size_t bytes);
