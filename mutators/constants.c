#include "mutators/constants.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/text.h"
#include "mutators/literal.h"

#define ARRAY "clade_constants"
#define DECLARATION "extern double " ARRAY "[];\n"
#define SINGLE_OPEN "((float)"
#define SINGLE_CLOSE ")"

/*
 * What a literal is with its sign: -1.5 and (-1.5) are taken whole, so that a fitted value writes
 * no second minus.
 */
static int signed_literal(const struct tree *t, int literal, double *value)
{
	int parent = t->nodes[literal].parent;
	int node = literal, outer;

	if (tree_is(t, parent, TREE_UNARY_EXPRESSION) &&
		tree_text_is(t, tree_child(t, parent, TREE_FIELD_OPERATOR), "-")) {
		*value = -*value;
		node = parent;
	}
	/* The parentheses of `if (...)` and of `return(...)` are the statement's. */
	outer = t->nodes[node].parent;
	if (*tree_text(t, node) == '-' && tree_is(t, outer, TREE_PARENTHESIZED_EXPRESSION) &&
		tree_bytes(t, outer) == tree_bytes(t, node) + 2 &&
		t->nodes[outer].field != TREE_FIELD_CONDITION &&
		!isalnum((unsigned char)tree_text(t, outer)[-1]))
		node = outer;
	return node;
}

int constants_extract(char **out, double *values, int *count, int max, const struct sketch *s)
{
	const struct tree *t = &s->tree;
	struct buffer text;
	uint32_t at = 0;
	int n = 0;

	if (memmem(s->text, s->size, ARRAY, strlen(ARRAY)) != NULL)
		return 0;
	buffer_init(&text, 2 * TREE_BYTES_MAX);
	buffer_add_text(&text, DECLARATION);
	for (int i = 0; i < t->count && n < max; i++) {
		enum literal_kind kind;
		double value;
		int node;

		if (!tree_is(t, i, TREE_NUMBER_LITERAL) ||
			!tree_inside(t, i, (uint32_t)s->region.start, (uint32_t)s->region.end) ||
			!scope_is_value(&s->scope, i))
			continue;
		kind = literal_parse(&value, tree_text(t, i), tree_bytes(t, i));
		if (kind != LITERAL_DOUBLE && kind != LITERAL_FLOAT)
			continue;
		node = signed_literal(t, i, &value);
		buffer_add(&text, s->text + at, t->nodes[node].start - at);
		buffer_format(&text, "%s" ARRAY "[%d]%s", kind == LITERAL_FLOAT ? SINGLE_OPEN : "",
			n, kind == LITERAL_FLOAT ? SINGLE_CLOSE : "");
		at = t->nodes[node].end;
		values[n++] = value;
	}
	buffer_add(&text, s->text + at, s->size - at);
	if (n > 0 && !text.full) {
		*out = buffer_take(&text);
		*count = n;
	} else {
		n = 0;
	}
	buffer_release(&text);
	return n > 0;
}

static void write_value(struct buffer *out, double value, bool single)
{
	char literal[LITERAL_TEXT_MAX];

	literal_write(literal, value, single ? LITERAL_FLOAT : LITERAL_DOUBLE);
	buffer_add_text(out, literal);
}

int constants_restore(
	char **out, const char *tunable, const double *values, int count, struct err *e)
{
	struct buffer text;
	const char *at, *next;
	int rc = 0;

	if (!text_has_prefix(tunable, DECLARATION))
		return err_set(e, ERR_FORMAT,
			"this text was not made for fitting: its first line does not "
			"declare " ARRAY);
	buffer_init(&text, 2 * TREE_BYTES_MAX);
	for (at = tunable + strlen(DECLARATION); (next = strstr(at, ARRAY "[")) != NULL;) {
		bool single = next - at >= (long)strlen(SINGLE_OPEN) &&
			memcmp(next - strlen(SINGLE_OPEN), SINGLE_OPEN, strlen(SINGLE_OPEN)) == 0;
		char *end;
		long index = strtol(next + strlen(ARRAY "["), &end, 10);

		if (*end != ']' || index < 0 || index >= count) {
			rc = err_set(
				e, ERR_FORMAT, "constant %ld of %d is not there", index, count);
			goto out;
		}
		if (!isfinite(values[index])) {
			rc = err_set(e, ERR_FORMAT, "constant %ld is not a finite number", index);
			goto out;
		}
		buffer_add(&text, at, (size_t)(next - at) - (single ? strlen(SINGLE_OPEN) : 0));
		write_value(&text, values[index], single);
		at = end + 1 + (single ? strlen(SINGLE_CLOSE) : 0);
	}
	buffer_add_text(&text, at);
	if (text.full)
		rc = err_set(e, ERR_LIMIT, "the text with its constants is too long");
	else
		*out = buffer_take(&text);
out:
	buffer_release(&text);
	return rc;
}
