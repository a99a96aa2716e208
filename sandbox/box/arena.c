#include "sandbox/box/arena.h"

#include <stdint.h>
#include <string.h>

enum {
	HEADER = 16,
	RANK_MIN = 5,
	RANKS = 40
}; /* the smallest block is 32 bytes, 16 of them the header */

struct block {
	unsigned rank;
	struct block *next; /* while free: overlays the caller's bytes */
};

static struct {
	char *at, *end;
	struct block *free[RANKS];
} arena;

void arena_init(void *base, size_t bytes)
{
	memset(&arena, 0, sizeof arena);
	arena.at = base;
	arena.end = arena.at + bytes;
}

static unsigned rank_of(size_t bytes)
{
	unsigned rank = RANK_MIN;

	while (((size_t)1 << rank) < bytes + HEADER)
		rank++;
	return rank;
}

void *arena_malloc(size_t bytes)
{
	if (bytes > (size_t)1 << (RANKS - 2))
		return NULL;
	unsigned rank = rank_of(bytes);
	struct block *b = arena.free[rank];
	if (b) {
		arena.free[rank] = b->next;
		return (char *)b + HEADER;
	}
	size_t size = (size_t)1 << rank;
	if (size > (size_t)(arena.end - arena.at))
		return NULL;
	b = (struct block *)(void *)arena.at;
	arena.at += size;
	b->rank = rank;
	return (char *)b + HEADER;
}

void *arena_calloc(size_t count, size_t bytes)
{
	size_t all;

	if (__builtin_mul_overflow(count, bytes, &all))
		return NULL;
	void *block = arena_malloc(all);
	return block ? memset(block, 0, all) : NULL;
}

void *arena_realloc(void *old, size_t bytes)
{
	if (!old)
		return arena_malloc(bytes);
	struct block *b = (struct block *)(void *)((char *)old - HEADER);
	size_t room = ((size_t)1 << (b->rank & 63)) - HEADER;
	if (bytes <= room)
		return old;
	void *block = arena_malloc(bytes);
	if (!block)
		return NULL;
	memcpy(block, old, room);
	arena_free(old);
	return block;
}

void arena_free(void *block)
{
	if (!block)
		return;
	struct block *b = (struct block *)(void *)((char *)block - HEADER);
	if (b->rank >= RANKS)
		__builtin_trap();
	b->next = arena.free[b->rank];
	arena.free[b->rank] = b;
}
