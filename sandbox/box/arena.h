/*
 * arena.h - malloc for one candidate: power-of-two classes with free lists over a fixed region, no
 * system call.
 *
 * The region lies between guard pages. It is the candidate's own memory, bookkeeping included: what
 * it breaks there is its own.
 */
#pragma once

#include <stddef.h>

void arena_init(void *base, size_t bytes);
void *arena_malloc(size_t bytes);
void *arena_calloc(size_t count, size_t bytes);
void *arena_realloc(void *old, size_t bytes);
void arena_free(void *block);
