#include "orchestrator/table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define CELL_BYTES_MAX 400

struct table {
	const char *const *heads; /* borrowed */
	int columns;
	char **cells; /* owned */
	int count;
};

struct table *table_new(const char *const *heads)
{
	struct table *t = memory_alloc(sizeof *t);

	t->heads = heads;
	while (heads[t->columns] && t->columns < TABLE_COLUMNS_MAX)
		t->columns++;
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (int i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}

void table_add(struct table *t, const char *format, ...)
{
	char text[CELL_BYTES_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = *p == '\n' || *p == '\t' ? ' ' : '?';
	}
	if ((t->count & (t->count - 1)) == 0)
		t->cells = memory_grow(
			t->cells, t->count ? 2 * (size_t)t->count : 1, sizeof *t->cells);
	t->cells[t->count++] = text_copy(text);
}

/* Columns are counted in code points. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static bool is_right(const struct table *t, int column)
{
	return t->heads[column][0] == '>';
}

static const char *head_of(const struct table *t, int column)
{
	return t->heads[column] + is_right(t, column);
}

static void print_cell(const struct table *t, FILE *out, int column, int width, const char *text)
{
	int pad = width - width_of(text);

	if (is_right(t, column))
		fprintf(out, "%*s%s", pad, "", text);
	else if (column + 1 < t->columns)
		fprintf(out, "%s%*s", text, pad, "");
	else
		fprintf(out, "%s", text);
	fprintf(out, column + 1 < t->columns ? "  " : "\n");
}

void table_print(const struct table *t, FILE *out, int indent)
{
	int widths[TABLE_COLUMNS_MAX];

	for (int i = 0; i < t->columns; i++)
		widths[i] = width_of(head_of(t, i));
	for (int i = 0; i < t->count; i++) {
		int width = width_of(t->cells[i]);

		if (width > widths[i % t->columns])
			widths[i % t->columns] = width;
	}
	fprintf(out, "%*s", indent, "");
	for (int i = 0; i < t->columns; i++)
		print_cell(t, out, i, widths[i], head_of(t, i));
	for (int i = 0; i < t->count || i % t->columns != 0; i++) {
		if (i % t->columns == 0)
			fprintf(out, "%*s", indent, "");
		print_cell(t, out, i % t->columns, widths[i % t->columns],
			i < t->count ? t->cells[i] : "");
	}
}
