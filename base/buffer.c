#include "base/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/memory.h"

#define ROOM_MIN 64

void buffer_init(struct buffer *b, size_t max)
{
	*b = (struct buffer){ .max = max };
}

void buffer_release(struct buffer *b)
{
	if (!b)
		return;
	free(b->bytes);
	buffer_init(b, b->max);
}

void buffer_clear(struct buffer *b)
{
	b->size = 0;
	b->full = 0;
	if (b->bytes)
		b->bytes[0] = 0;
}

/* Room for more bytes and a NUL. Doubling keeps the copying linear; no sum here overflows. */
static int make_room(struct buffer *b, size_t more)
{
	size_t need, room;

	if (b->size > b->max || more > b->max - b->size || b->size + more == SIZE_MAX) {
		b->full = 1;
		return ERR_LIMIT;
	}
	need = b->size + more + 1;
	if (need <= b->room)
		return 0;
	room = b->room ? b->room : ROOM_MIN;
	while (room < need)
		room = room > SIZE_MAX / 2 ? need : room * 2;
	b->bytes = memory_grow(b->bytes, room, 1);
	b->room = room;
	return 0;
}

int buffer_add(struct buffer *b, const void *bytes, size_t size)
{
	if (make_room(b, size) < 0)
		return ERR_LIMIT;
	if (size)
		memcpy(b->bytes + b->size, bytes, size);
	b->size += size;
	b->bytes[b->size] = 0;
	return 0;
}

int buffer_add_text(struct buffer *b, const char *s)
{
	return buffer_add(b, s, strlen(s));
}

int buffer_format(struct buffer *b, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0 || make_room(b, (size_t)size) < 0) {
		b->full = 1;
		return ERR_LIMIT;
	}
	va_start(args, format);
	vsnprintf(b->bytes + b->size, (size_t)size + 1, format, args);
	va_end(args);
	b->size += (size_t)size;
	return 0;
}

void buffer_drop_front(struct buffer *b, size_t size)
{
	if (size > b->size)
		size = b->size;
	if (!size)
		return;
	b->size -= size;
	memmove(b->bytes, b->bytes + size, b->size + 1);
}

char *buffer_take(struct buffer *b)
{
	char *bytes = b->bytes ? b->bytes : memory_alloc(1);

	buffer_init(b, b->max);
	return bytes;
}
