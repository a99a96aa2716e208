#include "mutators/region.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/memory.h"
#include "mutators/tree.h"

#define START_MARK "EVOLVE-BLOCK-START"
#define END_MARK "EVOLVE-BLOCK-END"

struct line { size_t start, end; };      /* end: behind the newline, or the end of the text */

static bool line_next(struct line *l, const char *text, size_t size)
{
	const char *newline;

	l->start = l->end;
	if (l->start >= size)
		return false;
	newline = memchr(text + l->start, '\n', size - l->start);
	l->end = newline ? (size_t)(newline - text) + 1 : size;
	return true;
}

/* Is the line nothing but a comment that starts with the mark? */
static bool line_is_mark(struct line l, const char *text, const char *mark)
{
	const char *at = text + l.start, *end = text + l.end;
	size_t length = strlen(mark);
	bool block;

	while (at < end && isspace((unsigned char)*at))
		at++;
	while (end > at && isspace((unsigned char)end[-1]))
		end--;
	if (end - at < 4 || at[0] != '/' || (at[1] != '/' && at[1] != '*'))
		return false;
	block = at[1] == '*';
	if (block &&
		(end[-1] != '/' || end[-2] != '*' ||
			memmem(at + 2, (size_t)(end - at) - 4, "*/", 2) != NULL))
		return false;
	for (at += 2; at < end && isspace((unsigned char)*at);)
		at++;
	if ((size_t)(end - at) < length || memcmp(at, mark, length) != 0)
		return false;
	at += length;
	return at == end || !(isalnum((unsigned char)*at) || *at == '_' || *at == '-');
}

static bool has_mark_line(const char *text, size_t size)
{
	for (struct line l = { 0, 0 }; line_next(&l, text, size);)
		if (line_is_mark(l, text, START_MARK) || line_is_mark(l, text, END_MARK))
			return true;
	return false;
}

static int find_marks(struct region *out, const char *text, size_t size, struct err *e)
{
	struct region r = { 0, 0 };
	int line = 0, opened = 0, closed = 0;

	for (struct line l = { 0, 0 }; line_next(&l, text, size);) {
		line++;
		if (line_is_mark(l, text, START_MARK)) {
			if (opened)
				return err_set(e, ERR_FORMAT,
					"line %d: a second " START_MARK
					" (the first is on line %d); keep exactly one block",
					line, opened);
			opened = line;
			r.start = l.end;
		} else if (line_is_mark(l, text, END_MARK)) {
			if (!opened)
				return err_set(e, ERR_FORMAT,
					"line %d: " END_MARK " before any " START_MARK
					"; put the start marker above it",
					line);
			if (closed)
				return err_set(e, ERR_FORMAT,
					"line %d: a second " END_MARK
					" (the first is on line %d); keep exactly one block",
					line, closed);
			closed = line;
			r.end = l.start;
		}
	}
	if (!opened)
		return err_set(e, ERR_FORMAT,
			"no " START_MARK " in a comment on a line of its own; put /* " START_MARK
			" */ and /* " END_MARK " */ "
			"around the code that may change");
	if (!closed)
		return err_set(e, ERR_FORMAT,
			"line %d: " START_MARK " without " END_MARK "; put /* " END_MARK
			" */ below the code that may change",
			opened);
	*out = r;
	return 0;
}

/* The name that a function definition gives, as a node; -1 for declarators that name nothing. */
static int definition_name(const struct tree *t, int definition)
{
	int at = tree_child(t, definition, TREE_FIELD_DECLARATOR);

	while (at >= 0 && !tree_is(t, at, TREE_IDENTIFIER)) {
		int inner = tree_child(t, at, TREE_FIELD_DECLARATOR);

		at = inner >= 0 ? inner : tree_named(t, at, 0);
	}
	return at;
}

static int find_function(
	struct region *out, const char *text, size_t size, const char *function, struct err *e)
{
	struct tree t;
	int found = -1;
	int rc = tree_parse(&t, text, size, e);

	if (rc < 0)
		return rc;
	for (int i = 0; i < t.count && rc == 0; i++) {
		if (!tree_is(&t, i, TREE_FUNCTION_DEFINITION) ||
			!tree_text_is(&t, definition_name(&t, i), function))
			continue;
		if (found >= 0)
			rc = err_set(e, ERR_FORMAT,
				"line %d: a second definition of %s (the first is on line %d); "
				"mark the right one with /* " START_MARK " */",
				tree_line(&t, t.nodes[i].start), function,
				tree_line(&t, t.nodes[found].start));
		found = i;
	}
	if (rc == 0 && found < 0)
		rc = err_set(e, ERR_FORMAT, "no definition of a function named %s", function);
	if (rc == 0)
		*out = (struct region){ t.nodes[found].start, t.nodes[found].end };
	tree_release(&t);
	return rc;
}

int region_find(
	struct region *out, const char *source, size_t size, const char *function, struct err *e)
{
	return function ? find_function(out, source, size, function, e)
			: find_marks(out, source, size, e);
}

char *region_replace(
	const char *base, size_t size, struct region r, const char *text, size_t text_size)
{
	char *out = memory_alloc(size - (r.end - r.start) + text_size + 1);

	memcpy(out, base, r.start);
	memcpy(out + r.start, text, text_size);
	memcpy(out + r.start + text_size, base + r.end, size - r.end);
	return out;
}

static bool ends_with(const char *text, size_t size, const char *end)
{
	return size >= strlen(end) && memcmp(text + size - strlen(end), end, strlen(end)) == 0;
}

int region_check(struct region *inner, const char *base, size_t base_size,
	struct region base_region, const char *text, size_t size, struct err *e)
{
	size_t after = base_size - base_region.end;
	struct region r;
	const char *changed;

	if (size < base_region.start + after || memcmp(text, base, base_region.start) != 0)
		return err_set(e, ERR_FORMAT, "the text before the evolved region was changed");
	r = (struct region){ base_region.start, size - after };
	if (memcmp(text + r.end, base + base_region.end, after) != 0)
		return err_set(e, ERR_FORMAT, "the text behind the evolved region was changed");
	changed = text + r.start;
	if (has_mark_line(changed, r.end - r.start))
		return err_set(e, ERR_FORMAT, "the evolved region holds a marker line");
	/*
	 * Whole lines stay whole lines: the end marker may not slide behind a comment or a
	 * continued line.
	 */
	if (ends_with(base, base_region.end, "\n") && r.end > r.start &&
		!ends_with(changed, r.end - r.start, "\n"))
		return err_set(e, ERR_FORMAT, "the evolved region must end with a newline");
	if (ends_with(changed, r.end - r.start, "\\\n") ||
		ends_with(changed, r.end - r.start, "\\\r\n") ||
		ends_with(changed, r.end - r.start, "\\"))
		return err_set(e, ERR_FORMAT, "the evolved region may not end with a backslash");
	*inner = r;
	return 0;
}
