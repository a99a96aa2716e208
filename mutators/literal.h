/*
 * literal.h - C number literals: their kind, value and spelling.
 */
#pragma once

#include <stddef.h>

#define LITERAL_TEXT_MAX 40

enum literal_kind {
	LITERAL_OTHER,
	LITERAL_INTEGER,
	LITERAL_FLOAT,
	LITERAL_DOUBLE
}; /* OTHER: hexadecimal, octal, long double, suffixed integers */
/* *value is set unless OTHER. */
enum literal_kind literal_parse(double *value, const char *text, size_t bytes);
/*
 * A floating literal that reads back as value: shortest of %.15g..%.17g, a point in it, negatives
 * in parentheses, f behind for LITERAL_FLOAT.
 */
void literal_write(char out[LITERAL_TEXT_MAX], double value, enum literal_kind kind);
