#include "mutators/tokens.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"

#define NUMBER_BYTES_MAX 128

struct writer {
	struct buffer *out;
	const struct scope *scope;
	const struct tree *tree;
	struct region region;
	int *numbers;            /* per binding: its number, 0: not seen yet */
	int numbered;
};

static bool bound_inside(const struct writer *w, int binding)
{
	const struct scope_binding *b = &w->scope->bindings[binding];

	/* Functions keep their names: the evaluator calls them by name. */
	return !b->function &&
		tree_inside(w->tree, b->name, (uint32_t)w->region.start, (uint32_t)w->region.end);
}

/* The binding of a name; for the declaring occurrence itself, the one that it makes. */
static int binding_of(const struct writer *w, int node)
{
	int declared = scope_declared_by(w->scope, node);

	if (declared >= 0)
		return declared;
	return scope_of_node(w->scope, node);
}

static void write_name(struct writer *w, int node)
{
	int binding = binding_of(w, node);

	if (binding < 0 || !bound_inside(w, binding)) {
		buffer_add(w->out, tree_text(w->tree, node), tree_bytes(w->tree, node));
		return;
	}
	if (w->numbers[binding] == 0)
		w->numbers[binding] = ++w->numbered;
	buffer_format(w->out, "$%d", w->numbers[binding]);
}

static bool is_floating_text(const char *text)
{
	bool hex = text[0] == '0' && (text[1] | 32) == 'x';

	for (const char *c = text; *c != '\0'; c++)
		if (*c == '.' || (hex ? (*c | 32) == 'p' : (*c | 32) == 'e'))
			return true;
	return false;
}

/*
 * 1.50, 15e-1 and 1.5 are one number; the suffix says the type, so it stays, in lower case and in
 * one order.
 */
static void write_number(struct writer *w, int node)
{
	char text[NUMBER_BYTES_MAX], suffix[8] = "";
	size_t bytes = tree_bytes(w->tree, node), digits = bytes;
	bool floating;
	char *end;

	memcpy(text, tree_text(w->tree, node), bytes < sizeof text ? bytes : sizeof text - 1);
	text[bytes < sizeof text ? bytes : sizeof text - 1] = '\0';
	floating = is_floating_text(text);
	while (digits > 0 &&
		strchr(floating ? "fFlL" : "uUlL",
			text[digits - 1 < sizeof text - 1 ? digits - 1 : sizeof text - 1]) != NULL)
		digits--;
	if (bytes >= sizeof text || bytes - digits >= sizeof suffix || text[0] == '\0') {
		buffer_add(w->out, tree_text(w->tree, node), bytes);
		return;
	}
	for (size_t i = digits; i < bytes; i++)
		suffix[i - digits] = (char)tolower((unsigned char)text[i]);
	if (!floating && suffix[0] == 'l' && suffix[strlen(suffix) - 1] == 'u')
		memmove(suffix + 1, suffix, strlen(suffix) - 1), suffix[0] = 'u';
	text[digits] = '\0';
	if (floating) {
		long double value = strtold(text, &end);

		/* Wide enough to keep apart what any of the three types keeps apart. */
		if (*end == '\0')
			buffer_format(w->out, suffix[0] == 'l' ? "%.21Lg." : "%.17Lg.",
				suffix[0] == 'l' ? value : (long double)strtod(text, NULL));
	} else {
		unsigned long long value =
			strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'b' ? 36 : 0);

		if (*end == '\0' && !(text[0] == '0' && (text[1] | 32) == 'b'))
			buffer_format(w->out, text[0] == '0' && text[1] != '\0' ? "0x%llx" : "%llu",
				value);
		else
			buffer_add_text(w->out, text);
	}
	if (floating && *end != '\0')
		buffer_add_text(w->out, text);
	buffer_add_text(w->out, suffix);
}

static bool is_operation(int kind)
{
	return kind == TREE_BINARY_EXPRESSION || kind == TREE_UNARY_EXPRESSION ||
		kind == TREE_POINTER_EXPRESSION || kind == TREE_UPDATE_EXPRESSION ||
		kind == TREE_ASSIGNMENT_EXPRESSION || kind == TREE_CONDITIONAL_EXPRESSION ||
		kind == TREE_CAST_EXPRESSION || kind == TREE_COMMA_EXPRESSION;
}

/* A token that belongs to a parenthesised expression whose parentheses say nothing. */
static bool is_dropped(const struct tree *t, int node)
{
	int parent = t->nodes[node].parent;

	if (t->nodes[node].kind == TREE_COMMENT)
		return true;
	if (!tree_is(t, parent, TREE_PARENTHESIZED_EXPRESSION) || t->nodes[node].kind != TREE_TOKEN)
		return false;
	return tree_named_count(t, parent) == 1 &&
		!tree_is(t, tree_named(t, parent, 0), TREE_COMPOUND_STATEMENT);
}

static void write_leaf(struct writer *w, int node)
{
	if (is_dropped(w->tree, node) || tree_bytes(w->tree, node) == 0)
		return;
	if (tree_is(w->tree, node, TREE_IDENTIFIER))
		write_name(w, node);
	else if (tree_is(w->tree, node, TREE_NUMBER_LITERAL))
		write_number(w, node);
	else
		buffer_add(w->out, tree_text(w->tree, node), tree_bytes(w->tree, node));
	/* A preprocessor line ends with its newline; everything else is kept apart by spaces. */
	buffer_add_text(w->out, " ");
}

/*
 * Preprocessor lines and string contents are written as they are: their inner nodes do not cover
 * all their bytes.
 */
static bool is_verbatim(const struct tree *t, int node)
{
	return tree_is(t, node, TREE_STRING_LITERAL) || tree_is(t, node, TREE_CHAR_LITERAL) ||
		strncmp(t->nodes[node].type, "preproc_", 8) == 0;
}

void tokens_write(struct buffer *out, const struct scope *s, struct region r)
{
	const struct tree *t = s->tree;
	struct writer w = { .out = out, .scope = s, .tree = t, .region = r };
	int open[TREE_DEPTH_MAX + 1], opened = 0;

	w.numbers = memory_array((size_t)s->count + 1, sizeof *w.numbers);
	for (int i = 0; i < t->count; i++) {
		while (opened > 0 && t->nodes[open[opened - 1]].last <= i) {
			buffer_add_text(out, ") ");
			opened--;
		}
		if (!tree_inside(t, i, (uint32_t)r.start, (uint32_t)r.end))
			continue;
		if (is_operation(t->nodes[i].kind)) {
			buffer_add_text(out, "( ");
			open[opened++] = i;
		}
		if (is_verbatim(t, i)) {
			buffer_add(out, tree_text(t, i), tree_bytes(t, i));
			buffer_add_text(out, " ");
			i = t->nodes[i].last - 1;
		} else if (t->nodes[i].last == i + 1) {
			write_leaf(&w, i);
		}
	}
	while (opened-- > 0)
		buffer_add_text(out, ") ");
	free(w.numbers);
}
