#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/memory.h"

/* Names that people mistype are short; longer ones are compared by their first bytes. */
#define DISTANCE_BYTES_MAX 256

char *text_copy(const char *s)
{
	return s ? memory_copy(s, strlen(s) + 1) : NULL;
}

char *text_copy_n(const char *s, size_t bytes)
{
	char *copy = memory_array(bytes + 1, 1);

	if (bytes)
		memcpy(copy, s, bytes);
	return copy;
}

char *text_format(const char *format, ...)
{
	char *out = NULL;
	va_list args;
	int size;

	va_start(args, format);
	size = vasprintf(&out, format, args);
	va_end(args);
	return size < 0 ? memory_alloc(1) : out;
}

bool text_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool text_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static int smaller(int a, int b)
{
	return a < b ? a : b;
}

/* One row: row[j] is the distance between the part of a read so far and the first j bytes of b. */
int text_distance(const char *a, const char *b)
{
	int row[DISTANCE_BYTES_MAX + 1];
	size_t m = strnlen(a, DISTANCE_BYTES_MAX);
	size_t n = strnlen(b, DISTANCE_BYTES_MAX);

	for (size_t j = 0; j <= n; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= m; i++) {
		int diagonal = row[0];

		row[0] = (int)i;
		for (size_t j = 1; j <= n; j++) {
			int changed = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = smaller(changed, smaller(row[j], row[j - 1]) + 1);
		}
	}
	return row[n];
}

const char *text_nearest(const char *name, const char *const *names, size_t count)
{
	size_t size = strlen(name);
	/* A third of the name, at least 1; from 4 bytes on 2, the cost of one transposition. */
	int allowed = size < 4 ? 1 : size < 6 ? 2 : (int)(size / 3);
	const char *best = NULL;

	for (size_t i = 0; i < count; i++) {
		int distance = text_distance(name, names[i]);

		if (distance > allowed || (best && distance == allowed))
			continue;
		best = names[i];
		allowed = distance;
	}
	return best;
}

int text_parse_i64(int64_t *out, const char *s)
{
	long long value;
	char *end;

	if (!s || !*s || isspace((unsigned char)*s))
		return ERR_FORMAT;
	errno = 0;
	value = strtoll(s, &end, 10);
	if (errno || end == s || *end)
		return ERR_FORMAT;
	*out = value;
	return 0;
}

/* The number at the front of s, *end behind it. People do not mean hexadecimal, inf or nan. */
static int parse_front(double *out, char **end, const char *s)
{
	size_t sign = s && (*s == '-' || *s == '+');
	double value;

	if (!s || !(isdigit((unsigned char)s[sign]) || s[sign] == '.'))
		return ERR_FORMAT;
	if (s[sign] == '0' && (s[sign + 1] == 'x' || s[sign + 1] == 'X'))
		return ERR_FORMAT;
	value = strtod(s, end);
	if (*end == s || !isfinite(value))
		return ERR_FORMAT;
	*out = value;
	return 0;
}

int text_parse_double(double *out, const char *s)
{
	double value;
	char *end;

	if (parse_front(&value, &end, s) < 0 || *end)
		return ERR_FORMAT;
	*out = value;
	return 0;
}

int text_parse_duration_ns(int64_t *out, const char *s)
{
	static const struct { char unit; double seconds; } units[] = {
		{ 0, 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
	};
	double value;
	char *end;

	if (parse_front(&value, &end, s) < 0 || value < 0)
		return ERR_FORMAT;
	if (*end && end[1])
		return ERR_FORMAT;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double ns = value * units[i].seconds * 1e9;

		if (units[i].unit != *end)
			continue;
		if (ns >= 0x1p63)
			return ERR_FORMAT;
		*out = (int64_t)(ns + 0.5);
		return 0;
	}
	return ERR_FORMAT;
}

/*
 * Bytes of the UTF-8 character at the front (The Unicode Standard, table 3-7), or 0 when there is
 * none or it is a control: C0 but newline and tab, DEL, and C1, whose U+009B starts terminal
 * commands as ESC [ does.
 */
static size_t printable_bytes(const unsigned char *s, size_t size)
{
	static const struct { uint8_t low, high, second_low, second_high, bytes; } rows[] = {
		{ '\t', '\n', 0, 0, 1 }, { 0x20, 0x7e, 0, 0, 1 },
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, { 0xc3, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (s[0] < rows[i].low || s[0] > rows[i].high)
			continue;
		if (rows[i].bytes > size)
			return 0;
		if (rows[i].bytes > 1 && (s[1] < rows[i].second_low || s[1] > rows[i].second_high))
			return 0;
		for (size_t j = 2; j < rows[i].bytes; j++) {
			if ((s[j] & 0xc0) != 0x80)
				return 0;
		}
		return rows[i].bytes;
	}
	return 0;
}

char *text_printable(const char *bytes, size_t size, size_t max)
{
	char *out;

	if (size > max)
		size = max;
	out = text_copy_n(bytes, size);
	for (size_t i = 0; i < size; ) {
		size_t part = printable_bytes((const unsigned char *)out + i, size - i);

		if (part == 0)
			out[i] = '?';
		i += part ? part : 1;
	}
	return out;
}

void text_human_bytes(char out[32], int64_t bytes)
{
	static const char *const units[] = { "B", "KB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t unit = 0, last = sizeof(units) / sizeof(units[0]) - 1;

	/* 999.95 would print as 1000.0, so the next unit starts there. */
	while (fabs(value) >= (unit ? 999.95 : 1000) && unit < last) {
		value /= 1000;
		unit++;
	}
	snprintf(out, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/* Above a minute two neighbouring units, below it one with a decimal: 12.0 s, 3m 20s, 2d 5h. */
void text_human_span(char out[32], int64_t span_ns)
{
	double s = (double)span_ns / 1e9;
	long long whole = (long long)(s + 0.5);

	if (span_ns < 1000)
		snprintf(out, 32, "%lld ns", (long long)span_ns);
	else if (span_ns < 999950)
		snprintf(out, 32, "%.1f us", s * 1e6);
	else if (span_ns < 999950000)
		snprintf(out, 32, "%.1f ms", s * 1e3);
	else if (s < 59.95)
		snprintf(out, 32, "%.1f s", s);
	else if (whole < 3600)
		snprintf(out, 32, "%lldm %llds", whole / 60, whole % 60);
	else if (whole < 86400)
		snprintf(out, 32, "%lldh %lldm", whole / 3600, whole % 3600 / 60);
	else
		snprintf(out, 32, "%lldd %lldh", whole / 86400, whole % 86400 / 3600);
}
