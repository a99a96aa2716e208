#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(size_t bytes)
{
	fprintf(stderr, "clade: out of memory: %zu bytes\n", bytes);
	abort();
}

static size_t product(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		out_of_memory((size_t)-1);
	return bytes;
}

void *memory_alloc(size_t bytes)
{
	return memory_array(bytes, 1);
}

void *memory_array(size_t count, size_t size)
{
	size_t bytes = product(count, size);
	void *memory = calloc(bytes ? bytes : 1, 1);

	if (!memory)
		out_of_memory(bytes);
	return memory;
}

void *memory_grow(void *old, size_t count, size_t size)
{
	size_t bytes = product(count, size);
	void *memory = realloc(old, bytes ? bytes : 1);

	if (!memory)
		out_of_memory(bytes);
	return memory;
}

void *memory_copy(const void *from, size_t bytes)
{
	void *memory = memory_alloc(bytes);

	if (bytes)
		memcpy(memory, from, bytes);
	return memory;
}
