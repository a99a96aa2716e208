#include "mutators/typing.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mutators/domain.h"

#define MEMBERS_MAX 512

static const struct scope_type unknown = { .base = SCOPE_UNKNOWN, .name = -1 };

static struct scope_type literal_type(const struct tree *t, int node)
{
	const char *text = tree_text(t, node);
	size_t bytes = tree_bytes(t, node);
	bool hex = bytes > 2 && text[0] == '0' && (text[1] | 32) == 'x';
	struct scope_type out = { .base = SCOPE_INT, .name = -1 };

	for (size_t i = 0; i < bytes; i++) {
		char c = (char)(text[i] | 32);

		if (text[i] == '.' || (hex ? c == 'p' : c == 'e'))
			out.base = SCOPE_DOUBLE;
	}
	if (out.base == SCOPE_DOUBLE) {
		if ((text[bytes - 1] | 32) == 'f')
			out.base = SCOPE_FLOAT;
		else if ((text[bytes - 1] | 32) == 'l')
			out.base = SCOPE_LONG_DOUBLE;
		return out;
	}
	for (size_t i = bytes; i > 0 && strchr("uUlL", text[i - 1]) != NULL; i--) {
		if ((text[i - 1] | 32) == 'l')
			out.base = out.base == SCOPE_UINT ? SCOPE_ULONG
				: out.base == SCOPE_INT	  ? SCOPE_LONG
							  : out.base;
		else
			out.base = out.base == SCOPE_LONG ? SCOPE_ULONG : SCOPE_UINT;
	}
	return out;
}

static struct scope_type converted(struct scope_type a, struct scope_type b)
{
	if (a.depth > 0 && scope_is_integer(b))
		return a;
	if (b.depth > 0 && scope_is_integer(a))
		return b;
	if (!scope_is_arithmetic(a) || !scope_is_arithmetic(b))
		return unknown;
	if (a.base != b.base)
		return a.base > b.base ? a : b;
	return a.name >= 0 ? a : b;
}

static struct scope_type promoted(struct scope_type t)
{
	if (scope_is_integer(t) && t.base < SCOPE_INT)
		return (struct scope_type){ .base = SCOPE_INT, .name = -1 };
	return t;
}

static const struct scope_type int_type = { .base = SCOPE_INT, .name = -1 };

static struct scope_type child_type(const struct scope *s, int node, enum tree_field field)
{
	int child = tree_child(s->tree, node, field);

	return child >= 0 ? s->types[child] : unknown;
}

static struct scope_type binary_type(const struct scope *s, int node)
{
	int operator = tree_child(s->tree, node, TREE_FIELD_OPERATOR);
	const char *text = operator >= 0 ? tree_text(s->tree, operator) : "";
	size_t bytes = operator >= 0 ? tree_bytes(s->tree, operator) : 0;

	if ((bytes == 1 && (*text == '<' || *text == '>')) ||
		(bytes == 2 && (text[1] == '=' || *text == '&' || *text == '|')))
		return int_type;
	if (bytes == 2)                  /* shifts */
		return promoted(child_type(s, node, TREE_FIELD_LEFT));
	return converted(promoted(child_type(s, node, TREE_FIELD_LEFT)),
		promoted(child_type(s, node, TREE_FIELD_RIGHT)));
}

static struct scope_type call_type(const struct scope *s, int node)
{
	const struct tree *t = s->tree;
	int function = tree_child(t, node, TREE_FIELD_FUNCTION);
	int binding = tree_is(t, function, TREE_IDENTIFIER) ? scope_of_node(s, function) : -1;
	static const char *const rounders[] = { "sqrt", "fabs", "fmin", "fmax", "fma", "floor",
		"ceil", "exp", "log", "pow", "exp2", "log2" };

	if (binding >= 0)
		return s->bindings[binding].type;
	for (size_t i = 0; function >= 0 && i < sizeof rounders / sizeof rounders[0]; i++) {
		size_t bytes = strlen(rounders[i]);

		if (tree_text_is(t, function, rounders[i]))
			return (struct scope_type){ .base = SCOPE_DOUBLE, .name = -1 };
		if (tree_bytes(t, function) == bytes + 1 &&
			memcmp(tree_text(t, function), rounders[i], bytes) == 0 &&
			tree_text(t, function)[bytes] == 'f')
			return (struct scope_type){ .base = SCOPE_FLOAT, .name = -1 };
	}
	return unknown;
}

/*
 * Members of the text's own structs, found once: a list short enough to look through for each use.
 */
struct typing {
	struct scope *scope;
	struct { int name; struct scope_type type; } members[MEMBERS_MAX];
	int member_count;
};

static void members_add(struct typing *ty)
{
	const struct tree *t = ty->scope->tree;

	for (int i = 0; i < t->count && ty->member_count < MEMBERS_MAX; i++) {
		int depth = 0, at = t->nodes[i].parent;
		struct scope_type type;

		if (!tree_is(t, i, TREE_FIELD_IDENTIFIER))
			continue;
		for (; at >= 0 &&
			(tree_is(t, at, TREE_POINTER_DECLARATOR) ||
				tree_is(t, at, TREE_ARRAY_DECLARATOR));
			at = t->nodes[at].parent)
			depth++;
		if (!tree_is(t, at, TREE_FIELD_DECLARATION))
			continue;
		type = scope_declared_type(ty->scope, at, -1);
		type.depth = (uint8_t)depth;
		ty->members[ty->member_count].name = i;
		ty->members[ty->member_count++].type = type;
	}
}

/*
 * A member of a struct that stands in a header: in rules and numerics it is most likely of the type
 * that the domain's terminals have.
 */
static struct scope_type usual_member(const struct mutator_domain *d)
{
	bool expressions = d != NULL && (d->kind == DOMAIN_PRIORITY || d->kind == DOMAIN_NUMERIC);

	return expressions && d->terminal_count > 0 ? scope_type_of_text(d->terminals[0].type) : unknown;
}

static struct scope_type member_type(const struct typing *ty, int node)
{
	const struct tree *t = ty->scope->tree;
	int field = tree_child(t, node, TREE_FIELD_FIELD);
	struct scope_type out = unknown;

	for (int i = 0; field >= 0 && i < ty->member_count; i++) {
		if (!tree_same_text(t, ty->members[i].name, field))
			continue;
		if (out.base != SCOPE_UNKNOWN)
			return unknown; /* two structs with this member: nobody knows which */
		out = ty->members[i].type;
	}
	return out.base == SCOPE_UNKNOWN ? usual_member(ty->scope->domain) : out;
}

static struct scope_type cast_type(struct scope *s, int node)
{
	const struct tree *t = s->tree;
	int descriptor = tree_child(t, node, TREE_FIELD_TYPE);
	struct scope_type out = descriptor >= 0 ? scope_declared_type(s, descriptor, -1) : unknown;

	for (int i = descriptor; i >= 0 && i < t->nodes[descriptor].last; i++)
		out.depth = (uint8_t)(out.depth + tree_is(t, i, TREE_ABSTRACT_POINTER_DECLARATOR));
	return out;
}

static struct scope_type lowered(struct scope_type t)
{
	if (t.depth == 0)
		return unknown;
	t.depth--;
	return t;
}

static struct scope_type unary_type(const struct scope *s, int node)
{
	int operator = tree_child(s->tree, node, TREE_FIELD_OPERATOR);

	if (tree_text_is(s->tree, operator, "!"))
		return int_type;
	return promoted(child_type(s, node, TREE_FIELD_ARGUMENT));
}

static struct scope_type pointer_type(const struct scope *s, int node)
{
	struct scope_type of = child_type(s, node, TREE_FIELD_ARGUMENT);

	if (tree_text_is(s->tree, tree_child(s->tree, node, TREE_FIELD_OPERATOR), "*"))
		return lowered(of);
	if (of.base != SCOPE_UNKNOWN)
		of.depth++;
	return of;
}

static struct scope_type expression_type(const struct typing *ty, int node)
{
	struct scope *s = ty->scope;
	const struct tree *t = s->tree;
	int binding;

	if (s->terminals[node] >= 0)
		return scope_type_of_text(s->domain->terminals[s->terminals[node]].type);
	switch (t->nodes[node].kind) {
	case TREE_IDENTIFIER:
		binding = scope_of_node(s, node);
		return binding >= 0 && !s->bindings[binding].function ? s->bindings[binding].type
								      : unknown;
	case TREE_NUMBER_LITERAL:            return literal_type(t, node);
	case TREE_CHAR_LITERAL:              return int_type;
	case TREE_BINARY_EXPRESSION:         return binary_type(s, node);
	case TREE_UNARY_EXPRESSION:          return unary_type(s, node);
	case TREE_POINTER_EXPRESSION:        return pointer_type(s, node);
	case TREE_UPDATE_EXPRESSION:         return child_type(s, node, TREE_FIELD_ARGUMENT);
	case TREE_SUBSCRIPT_EXPRESSION: return lowered(child_type(s, node, TREE_FIELD_ARGUMENT));
	case TREE_ASSIGNMENT_EXPRESSION:     return child_type(s, node, TREE_FIELD_LEFT);
	case TREE_CONDITIONAL_EXPRESSION:
		return converted(child_type(s, node, TREE_FIELD_CONSEQUENCE),
			child_type(s, node, TREE_FIELD_ALTERNATIVE));
	case TREE_CAST_EXPRESSION:           return cast_type(s, node);
	case TREE_CALL_EXPRESSION:           return call_type(s, node);
	case TREE_FIELD_EXPRESSION:          return member_type(ty, node);
	case TREE_PARENTHESIZED_EXPRESSION: {
		int inner = tree_named(t, node, 0);

		return inner >= 0 ? s->types[inner] : unknown;
	}
	default:
		return unknown;
	}
}

/* Equal but for white space. */
static bool spaced_equal(const char *a, size_t bytes, const char *b)
{
	for (size_t i = 0;; i++) {
		while (i < bytes && isspace((unsigned char)a[i]))
			i++;
		while (isspace((unsigned char)*b))
			b++;
		if (i == bytes || *b == '\0')
			return i == bytes && *b == '\0';
		if (a[i] != *b++)
			return false;
	}
}

static int16_t terminal_of(const struct scope *s, int node)
{
	const struct tree *t = s->tree;
	int kind = t->nodes[node].kind;

	if (kind != TREE_IDENTIFIER && kind != TREE_FIELD_EXPRESSION &&
		kind != TREE_SUBSCRIPT_EXPRESSION && kind != TREE_CALL_EXPRESSION)
		return -1;
	if (kind == TREE_IDENTIFIER && !scope_is_expression_name(t, node))
		return -1;
	for (int i = 0; i < s->domain->terminal_count && i < INT16_MAX; i++)
		if (spaced_equal(
			    tree_text(t, node), tree_bytes(t, node), s->domain->terminals[i].text))
			return (int16_t)i;
	return -1;
}

void typing_fill(struct scope *s, struct region r)
{
	const struct tree *t = s->tree;
	struct typing *ty = memory_alloc(sizeof *ty);

	ty->scope = s;
	members_add(ty);
	s->types = memory_array((size_t)t->count, sizeof *s->types);
	s->terminals = memory_array((size_t)t->count, sizeof *s->terminals);
	/* Backwards through the order of the text: operands before what they are operands of. */
	for (int i = t->count - 1; i >= 0; i--) {
		bool inside = tree_inside(t, i, (uint32_t)r.start, (uint32_t)r.end);

		s->terminals[i] = inside && s->domain != NULL ? terminal_of(s, i) : -1;
		s->types[i] = inside ? expression_type(ty, i) : unknown;
	}
	free(ty);
}
