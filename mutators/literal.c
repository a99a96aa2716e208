#include "mutators/literal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum literal_kind literal_parse(double *value, const char *text, size_t bytes)
{
	char copy[64];
	enum literal_kind kind;
	char *end;

	if (bytes == 0 || bytes >= sizeof copy)
		return LITERAL_OTHER;
	memcpy(copy, text, bytes);
	copy[bytes] = '\0';
	if (copy[0] == '0' && (copy[1] | 32) == 'x')
		return LITERAL_OTHER;
	kind = strpbrk(copy, ".eE") != NULL ? LITERAL_DOUBLE : LITERAL_INTEGER;
	if (kind == LITERAL_INTEGER && copy[0] == '0' && copy[1] != '\0')
		return LITERAL_OTHER;
	if (kind == LITERAL_DOUBLE && (copy[bytes - 1] | 32) == 'f') {
		kind = LITERAL_FLOAT;
		copy[bytes - 1] = '\0';
	}
	*value = strtod(copy, &end);
	return *end == '\0' ? kind : LITERAL_OTHER;
}

void literal_write(char out[LITERAL_TEXT_MAX], double value, enum literal_kind kind)
{
	char digits[32] = "";

	/* Fewer digits where they say the same: people read winners. */
	for (int precision = kind == LITERAL_FLOAT ? 6 : 15; precision <= 17; precision++) {
		double back;

		snprintf(digits, sizeof digits, "%.*g", precision, value);
		back = strtod(digits, NULL);
		if (kind == LITERAL_FLOAT ? (float)back == (float)value : back == value)
			break;
	}
	snprintf(out, LITERAL_TEXT_MAX, "%s%s%s%s%s", digits[0] == '-' ? "(" : "", digits,
		strpbrk(digits, ".e") ? "" : ".0", kind == LITERAL_FLOAT ? "f" : "",
		digits[0] == '-' ? ")" : "");
}
