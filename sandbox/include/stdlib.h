/* stdlib.h of the compile box: the allocator works only where the problem gives an arena. */
#pragma once

#include <stddef.h>

void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void *realloc(void *old, size_t bytes);
void free(void *block);
_Noreturn void abort(void);
int abs(int x);
long labs(long x);
long long llabs(long long x);
void qsort(void *array, size_t count, size_t bytes, int (*compare)(const void *, const void *));
void *bsearch(const void *key, const void *array, size_t count, size_t bytes,
	int (*compare)(const void *, const void *));
