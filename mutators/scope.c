#include "mutators/scope.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mutators/typing.h"

static const struct {
	const char *name;
	uint8_t base;
} known_types[] = {
	{ "void", SCOPE_VOID },
	{ "_Bool", SCOPE_BOOL },
	{ "bool", SCOPE_BOOL },
	{ "char", SCOPE_CHAR },
	{ "signed char", SCOPE_CHAR },
	{ "unsigned char", SCOPE_CHAR },
	{ "short", SCOPE_SHORT },
	{ "unsigned short", SCOPE_SHORT },
	{ "int", SCOPE_INT },
	{ "signed", SCOPE_INT },
	{ "unsigned", SCOPE_UINT },
	{ "unsigned int", SCOPE_UINT },
	{ "long", SCOPE_LONG },
	{ "long int", SCOPE_LONG },
	{ "long long", SCOPE_LONG },
	{ "unsigned long", SCOPE_ULONG },
	{ "unsigned long long", SCOPE_ULONG },
	{ "size_t", SCOPE_ULONG },
	{ "ssize_t", SCOPE_LONG },
	{ "ptrdiff_t", SCOPE_LONG },
	{ "intptr_t", SCOPE_LONG },
	{ "uintptr_t", SCOPE_ULONG },
	{ "int8_t", SCOPE_CHAR },
	{ "uint8_t", SCOPE_CHAR },
	{ "int16_t", SCOPE_SHORT },
	{ "uint16_t", SCOPE_SHORT },
	{ "int32_t", SCOPE_INT },
	{ "uint32_t", SCOPE_UINT },
	{ "int64_t", SCOPE_LONG },
	{ "uint64_t", SCOPE_ULONG },
	{ "float", SCOPE_FLOAT },
	{ "double", SCOPE_DOUBLE },
	{ "long double", SCOPE_LONG_DOUBLE },
};

/* The usual spelling of each base, for locals whose type has no name in the text. */
static const char *const base_names[] = {
	[SCOPE_UNKNOWN] = "",
	[SCOPE_VOID] = "void",
	[SCOPE_OTHER] = "",
	[SCOPE_BOOL] = "_Bool",
	[SCOPE_CHAR] = "char",
	[SCOPE_SHORT] = "short",
	[SCOPE_INT] = "int",
	[SCOPE_UINT] = "unsigned",
	[SCOPE_LONG] = "long",
	[SCOPE_ULONG] = "unsigned long",
	[SCOPE_FLOAT] = "float",
	[SCOPE_DOUBLE] = "double",
	[SCOPE_LONG_DOUBLE] = "long double",
};

static const struct scope_type unknown = { .base = SCOPE_UNKNOWN, .name = -1 };

static uint8_t base_of_text(const char *text, size_t bytes)
{
	for (size_t i = 0; i < sizeof known_types / sizeof known_types[0]; i++)
		if (strlen(known_types[i].name) == bytes &&
			memcmp(known_types[i].name, text, bytes) == 0)
			return known_types[i].base;
	return SCOPE_UNKNOWN;
}

struct scope_type scope_type_of_text(const char *type)
{
	struct scope_type t = unknown;
	size_t bytes = strlen(type);

	if (strncmp(type, "const ", 6) == 0) {
		t.is_const = true;
		type += 6;
		bytes -= 6;
	}
	for (; bytes > 0 && (type[bytes - 1] == '*' || type[bytes - 1] == ' '); bytes--)
		t.depth = (uint8_t)(t.depth + (type[bytes - 1] == '*'));
	t.base = base_of_text(type, bytes);
	return t;
}

bool scope_is_floating(struct scope_type t)
{
	return t.depth == 0 && t.base >= SCOPE_FLOAT;
}

bool scope_is_integer(struct scope_type t)
{
	return t.depth == 0 && t.base >= SCOPE_BOOL && t.base <= SCOPE_ULONG;
}

bool scope_is_arithmetic(struct scope_type t)
{
	return t.depth == 0 && t.base >= SCOPE_BOOL;
}

bool scope_same_type(const struct scope *s, struct scope_type a, struct scope_type b)
{
	if (a.base == SCOPE_UNKNOWN || a.base != b.base || a.depth != b.depth ||
		(a.depth > 0 && a.is_const != b.is_const))
		return false;
	return a.base != SCOPE_OTHER ||
		(a.name >= 0 && b.name >= 0 && tree_same_text(s->tree, a.name, b.name));
}

void scope_type_text(char out[64], const struct scope *s, struct scope_type t)
{
	const char *text = base_names[t.base];
	size_t bytes = strlen(text);

	if (t.name >= 0 && tree_bytes(s->tree, t.name) < 64) {
		text = tree_text(s->tree, t.name);
		bytes = tree_bytes(s->tree, t.name);
	}
	memcpy(out, text, bytes);
	out[bytes] = '\0';
}

/* ---- names ---- */

static unsigned bucket_of(const char *name, size_t bytes)
{
	uint32_t h = 2166136261u;        /* FNV-1a: 32-bit offset and prime */

	for (size_t i = 0; i < bytes; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	return h % SCOPE_BUCKETS;
}

static bool node_is_name(const struct tree *t, int node, const char *name, size_t bytes)
{
	return tree_bytes(t, node) == bytes && memcmp(tree_text(t, node), name, bytes) == 0;
}

int scope_find(const struct scope *s, const char *name, size_t bytes, uint32_t at)
{
	int best = -1;

	/* The innermost scope that holds `at` is the one that began last. */
	for (int i = s->buckets[bucket_of(name, bytes)]; i >= 0; i = s->bindings[i].older) {
		const struct scope_binding *b = &s->bindings[i];

		if (at < b->from || at >= b->to || !node_is_name(s->tree, b->name, name, bytes))
			continue;
		if (best < 0 || b->from > s->bindings[best].from)
			best = i;
	}
	return best;
}

int scope_of_node(const struct scope *s, int identifier)
{
	return scope_find(s, tree_text(s->tree, identifier), tree_bytes(s->tree, identifier),
		s->tree->nodes[identifier].start);
}

int scope_declared_by(const struct scope *s, int name)
{
	for (int i = s->buckets[bucket_of(tree_text(s->tree, name), tree_bytes(s->tree, name))];
		i >= 0; i = s->bindings[i].older)
		if (s->bindings[i].name == name)
			return i;
	return -1;
}

bool scope_uses_name(const struct scope *s, const char *name)
{
	size_t bytes = strlen(name);

	for (int i = 0; i < s->tree->count; i++)
		if (s->tree->nodes[i].last == i + 1 && s->tree->nodes[i].named &&
			node_is_name(s->tree, i, name, bytes))
			return true;
	return false;
}

bool scope_moves_to(const struct scope *s, int node, uint32_t at)
{
	const struct tree *t = s->tree;
	uint32_t start = t->nodes[node].start, end = t->nodes[node].end;

	for (int i = node; i < t->nodes[node].last; i++) {
		int here, there;

		if (!tree_is(t, i, TREE_IDENTIFIER))
			continue;
		here = scope_of_node(s, i);
		there = scope_find(s, tree_text(t, i), tree_bytes(t, i), at);
		if (here >= 0 && s->bindings[here].from >= start && s->bindings[here].from < end)
			continue;                /* declared inside what moves */
		if (here != there && !(here < 0 && there < 0))
			return false;
	}
	return true;
}

bool scope_sees_terminal(const struct scope *s, const struct mutator_terminal *t, uint32_t at)
{
	const char *name = t->text;
	size_t bytes = 0;

	while (*name != '\0' && !isalpha((unsigned char)*name) && *name != '_')
		name++;
	while (isalnum((unsigned char)name[bytes]) || name[bytes] == '_')
		bytes++;
	return bytes > 0 && scope_find(s, name, bytes, at) >= 0;
}

/* ---- declarations ---- */

static void explain_type(struct scope *s, int name, uint8_t base)
{
	if (s->alias_count < SCOPE_ALIASES_MAX && base != SCOPE_UNKNOWN)
		s->aliases[s->alias_count++] = (struct scope_alias){ name, base };
}

/* The text's own typedefs and macros of types. */
static void aliases_add(struct scope *s)
{
	const struct tree *t = s->tree;

	for (int i = 0; i < t->count; i++) {
		int name = -1, of = -1;

		if (tree_is(t, i, TREE_TYPE_DEFINITION)) {
			name = tree_child(t, i, TREE_FIELD_DECLARATOR);
			of = tree_child(t, i, TREE_FIELD_TYPE);
		} else if (tree_is(t, i, TREE_PREPROC_DEF)) {
			name = tree_child(t, i, TREE_FIELD_NAME);
			of = tree_child(t, i, TREE_FIELD_VALUE);
		}
		if (name >= 0 && of >= 0)
			explain_type(s, name, base_of_text(tree_text(t, of), tree_bytes(t, of)));
	}
}

static uint8_t base_of_alias(const struct scope *s, int type)
{
	for (int i = 0; i < s->alias_count; i++)
		if (node_is_name(s->tree, s->aliases[i].name, tree_text(s->tree, type),
			    tree_bytes(s->tree, type)))
			return s->aliases[i].base;
	return SCOPE_UNKNOWN;
}

/*
 * What the domain says of a terminal of the declared name: `real x` beside a terminal x of type
 * double explains every later `real`.
 */
static uint8_t base_of_terminal(const struct scope *s, int declarator)
{
	for (int i = 0; s->domain != NULL && declarator >= 0 && i < s->domain->terminal_count;
		i++) {
		const struct mutator_terminal *terminal = &s->domain->terminals[i];

		if (tree_text_is(s->tree, declarator, terminal->text))
			return scope_type_of_text(terminal->type).base;
	}
	return SCOPE_UNKNOWN;
}

struct scope_type scope_declared_type(struct scope *s, int declaration, int declarator)
{
	const struct tree *t = s->tree;
	int type = tree_child(t, declaration, TREE_FIELD_TYPE);
	struct scope_type out = { .base = SCOPE_UNKNOWN, .name = type };

	if (type < 0)
		return unknown;
	for (int c = tree_first(t, declaration); c >= 0; c = t->nodes[c].next)
		out.is_const |= tree_is(t, c, TREE_TYPE_QUALIFIER) && tree_text_is(t, c, "const");
	out.base = base_of_text(tree_text(t, type), tree_bytes(t, type));
	if (out.base == SCOPE_UNKNOWN && tree_is(t, type, TREE_TYPE_IDENTIFIER)) {
		out.base = base_of_alias(s, type);
		if (out.base == SCOPE_UNKNOWN) {
			out.base = base_of_terminal(s, declarator);
			explain_type(s, type, out.base);
		}
	} else if (out.base == SCOPE_UNKNOWN &&
		(tree_is(t, type, TREE_STRUCT_SPECIFIER) ||
			tree_is(t, type, TREE_UNION_SPECIFIER))) {
		out.base = SCOPE_OTHER;
	}
	return out;
}

static uint32_t scope_end(const struct tree *t, int declaration)
{
	for (int p = t->nodes[declaration].parent; p >= 0; p = t->nodes[p].parent) {
		int kind = t->nodes[p].kind;

		if (kind == TREE_COMPOUND_STATEMENT || kind == TREE_FOR_STATEMENT ||
			kind == TREE_FUNCTION_DEFINITION)
			return t->nodes[p].end;
		if (kind == TREE_PARAMETER_LIST &&
			tree_enclosing(t, p, TREE_FUNCTION_DEFINITION) < 0)
			return t->nodes[p].end;
	}
	return (uint32_t)t->size;
}

/*
 * Where a declared name begins to be of use: C lets its own initialiser see it, but it has no value
 * there yet.
 */
static uint32_t visible_from(const struct tree *t, int name, int declaration)
{
	for (int p = t->nodes[name].parent; p >= 0 && p != declaration; p = t->nodes[p].parent)
		if (tree_is(t, p, TREE_INIT_DECLARATOR))
			return t->nodes[p].end;
	return t->nodes[name].end;
}

static void binding_add(
	struct scope *s, int name, int declaration, struct scope_type type, bool function)
{
	const struct tree *t = s->tree;
	unsigned bucket = bucket_of(tree_text(t, name), tree_bytes(t, name));
	struct scope_binding b = { .name = name,
		.declaration = declaration,
		.type = type,
		.function = function,
		.older = s->buckets[bucket] };

	b.parameter = tree_is(t, declaration, TREE_PARAMETER_DECLARATION);
	b.from = visible_from(t, name, declaration);
	b.has_value = b.parameter || tree_is(t, t->nodes[name].parent, TREE_INIT_DECLARATOR) ||
		tree_is(t, t->nodes[name].parent, TREE_ARRAY_DECLARATOR);
	b.to = tree_is(t, declaration, TREE_FUNCTION_DEFINITION) ? (uint32_t)t->size
								 : scope_end(t, declaration);
	for (int c = tree_first(t, declaration); c >= 0; c = t->nodes[c].next)
		b.is_static |= tree_is(t, c, TREE_STORAGE_CLASS_SPECIFIER) &&
			(tree_text_is(t, c, "static") || tree_text_is(t, c, "extern"));
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 64;
		s->bindings = memory_grow(s->bindings, (size_t)s->room, sizeof *s->bindings);
	}
	s->buckets[bucket] = s->count;
	s->bindings[s->count++] = b;
}

/* Down a declarator to its name, counting pointer and array levels. */
static void declarator_add(struct scope *s, int declarator, int declaration)
{
	const struct tree *t = s->tree;
	bool function = false;
	int depth = 0, at = declarator;
	struct scope_type type;

	while (at >= 0 && !tree_is(t, at, TREE_IDENTIFIER)) {
		int inner = tree_child(t, at, TREE_FIELD_DECLARATOR);

		depth += tree_is(t, at, TREE_POINTER_DECLARATOR) ||
			tree_is(t, at, TREE_ARRAY_DECLARATOR);
		function |= tree_is(t, at, TREE_FUNCTION_DECLARATOR);
		at = inner >= 0 || !tree_is(t, at, TREE_PARENTHESIZED_DECLARATOR)
			? inner
			: tree_named(t, at, 0);
	}
	if (at < 0)
		return;
	type = scope_declared_type(s, declaration, at);
	type.depth = (uint8_t)(depth < 200 ? depth : 200);
	binding_add(s, at, declaration, type, function);
}

static void declarations_add(struct scope *s)
{
	const struct tree *t = s->tree;

	for (int i = 0; i < t->count; i++) {
		int kind = t->nodes[i].kind;

		if (kind != TREE_DECLARATION && kind != TREE_PARAMETER_DECLARATION &&
			kind != TREE_FUNCTION_DEFINITION)
			continue;
		for (int c = tree_first(t, i); c >= 0; c = t->nodes[c].next)
			if (t->nodes[c].field == TREE_FIELD_DECLARATOR)
				declarator_add(s, c, i);
	}
}

void scope_build(struct scope *out, const struct tree *tree, struct region r,
	const struct mutator_domain *domain)
{
	struct scope s = { .tree = tree, .domain = domain };

	for (int i = 0; i < SCOPE_BUCKETS; i++)
		s.buckets[i] = -1;
	aliases_add(&s);
	declarations_add(&s);
	typing_fill(&s, r);
	*out = s;
}

void scope_release(struct scope *s)
{
	free(s->bindings);
	free(s->types);
	free(s->terminals);
	memset(s, 0, sizeof *s);
}

/* ---- where a value may be replaced ---- */

static bool is_assigned_part(const struct tree *t, int node)
{
	for (int p = t->nodes[node].parent; p >= 0; node = p, p = t->nodes[p].parent) {
		int kind = t->nodes[p].kind;
		int field = t->nodes[node].field;

		if (kind == TREE_UPDATE_EXPRESSION ||
			(kind == TREE_ASSIGNMENT_EXPRESSION && field == TREE_FIELD_LEFT))
			return true;
		if (kind == TREE_POINTER_EXPRESSION &&
			tree_text_is(t, tree_child(t, p, TREE_FIELD_OPERATOR), "&"))
			return true;
		/*
		 * Through what denotes the same object: a[i] by its array, s.x and p->x by their
		 * struct, *p, (a).
		 */
		if (kind == TREE_PARENTHESIZED_EXPRESSION || kind == TREE_POINTER_EXPRESSION)
			continue;
		if ((kind == TREE_SUBSCRIPT_EXPRESSION || kind == TREE_FIELD_EXPRESSION) &&
			field == TREE_FIELD_ARGUMENT)
			continue;
		return false;
	}
	return false;
}

static bool is_static_declaration(const struct tree *t, int declaration)
{
	for (int c = tree_first(t, declaration); c >= 0; c = t->nodes[c].next)
		if (tree_is(t, c, TREE_STORAGE_CLASS_SPECIFIER) && tree_text_is(t, c, "static"))
			return true;
	return false;
}

/* Contexts that need a constant, or are none of C's expressions. */
static bool is_fixed_context(const struct tree *t, int node)
{
	for (int p = t->nodes[node].parent; p >= 0; node = p, p = t->nodes[p].parent) {
		int kind = t->nodes[p].kind;
		int field = t->nodes[node].field;

		if (kind == TREE_COMPOUND_STATEMENT || kind == TREE_FUNCTION_DEFINITION)
			return false;
		if (kind == TREE_PREPROC_CALL || kind == TREE_PREPROC_DEF ||
			kind == TREE_PREPROC_FUNCTION_DEF || kind == TREE_ATTRIBUTE_SPECIFIER ||
			kind == TREE_ENUM_SPECIFIER || kind == TREE_SIZEOF_EXPRESSION ||
			kind == TREE_FIELD_DECLARATION || kind == TREE_TYPE_DESCRIPTOR)
			return true;
		if ((kind == TREE_CASE_STATEMENT && field == TREE_FIELD_VALUE) ||
			(kind == TREE_ARRAY_DECLARATOR && field == TREE_FIELD_SIZE))
			return true;
		if (kind == TREE_DECLARATION &&
			(is_static_declaration(t, p) ||
				tree_enclosing(t, p, TREE_FUNCTION_DEFINITION) < 0))
			return true;
	}
	return true;
}

bool scope_is_expression_name(const struct tree *t, int node)
{
	int parent = t->nodes[node].parent;
	int kind = parent >= 0 ? t->nodes[parent].kind : TREE_OTHER;

	if (t->nodes[node].field == TREE_FIELD_DECLARATOR || kind == TREE_PARAMETER_DECLARATION)
		return false;
	return !(kind == TREE_CALL_EXPRESSION && t->nodes[node].field == TREE_FIELD_FUNCTION);
}

bool scope_is_value(const struct scope *s, int node)
{
	const struct tree *t = s->tree;
	const struct tree_node *n = &t->nodes[node];

	switch (n->kind) {
	case TREE_IDENTIFIER:
		if (!scope_is_expression_name(t, node))
			return false;
		break;
	case TREE_NUMBER_LITERAL:
	case TREE_CHAR_LITERAL:
	case TREE_BINARY_EXPRESSION:
	case TREE_UNARY_EXPRESSION:
	case TREE_POINTER_EXPRESSION:
	case TREE_SUBSCRIPT_EXPRESSION:
	case TREE_CONDITIONAL_EXPRESSION:
	case TREE_CAST_EXPRESSION:
	case TREE_CALL_EXPRESSION: case TREE_FIELD_EXPRESSION:
		break;
	default:
		return false;
	}
	return !is_assigned_part(t, node) && !is_fixed_context(t, node);
}
