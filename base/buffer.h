/*
 * buffer.h - a growing byte buffer that names its maximum where it is made.
 */
#pragma once

#include <stddef.h>
#include <stdarg.h>

struct err;
struct buffer {
	char *bytes;    /* owned; always has a NUL behind size once anything was added, NULL before */
	size_t size;    /* used bytes */
	size_t room;    /* allocated bytes */
	size_t max;     /* cap on size; going over it sets full and drops the addition */
	int full;       /* 1 once an addition was dropped */
};

void buffer_init(struct buffer *b, size_t max);
void buffer_release(struct buffer *b);
void buffer_clear(struct buffer *b);                     /* keeps the room */
int buffer_add(struct buffer *b, const void *bytes, size_t size);   /* 0, or ERR_LIMIT */
int buffer_add_text(struct buffer *b, const char *s);
int buffer_format(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_drop_front(struct buffer *b, size_t size);
char *buffer_take(struct buffer *b);                     /* the bytes with their NUL; the buffer is empty afterwards; never NULL */
