/*
 * text.h - small helpers on NUL-terminated strings. Returned strings are the caller's to free().
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

char *text_copy(const char *s);                   /* NULL gives NULL */
char *text_copy_n(const char *s, size_t bytes);   /* adds the NUL */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool text_equal(const char *a, const char *b);    /* NULL equals only NULL */
bool text_has_prefix(const char *s, const char *prefix);
/* Levenshtein distance, for "did you mean". */
int text_distance(const char *a, const char *b);
/* The nearest of count names (at a distance of at most a third of its length, at least 1..2), or NULL. */
const char *text_nearest(const char *name, const char *const *names, size_t count);
/* Parse the whole string. 0, or ERR_FORMAT with *out untouched. Durations take s, m, h, d ("90s", "1.5h"; a bare number is seconds). */
int text_parse_i64(int64_t *out, const char *s);
int text_parse_double(double *out, const char *s);        /* finite only */
int text_parse_duration_ns(int64_t *out, const char *s);
/* Copy with control bytes (but newline and tab) replaced by '?', for bytes that a box produced; keeps at most max bytes. */
char *text_printable(const char *bytes, size_t size, size_t max);
/* "1.2 KB", "3m 20s": for people. */
void text_human_bytes(char out[32], int64_t bytes);
void text_human_span(char out[32], int64_t span_ns);
