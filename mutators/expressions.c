/*
 * expressions.c - operators on single expressions, typed: what is planted has a type that the place
 * takes, and only names that it sees.
 */
#include "mutators/operator.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "mutators/terms.h"

#define TEXT_BYTES_MAX (16u << 10)
#define TRIES 30
#define LOCALS_MAX 64

/* Replace a value by text gathered in a buffer. */
static int replace_by(struct sketch *s, int node, struct buffer *text, bool simple)
{
	int done = !text->full && text->size > 0;

	if (done)
		sketch_replace(s, node, text->bytes, simple);
	buffer_release(text);
	return done;
}

static bool is_floating_like(struct scope_type place, struct scope_type value)
{
	return scope_is_floating(place) ? scope_is_arithmetic(value) : scope_is_integer(value);
}

static int expressions_replace(struct sketch *s)
{
	for (int i = 0; i < TRIES; i++) {
		int to = sketch_pick(s, sketch_is_value), from = sketch_pick(s, sketch_is_value);
		struct buffer text;

		if (to < 0)
			return 0;
		if (tree_same_text(&s->tree, to, from) ||
			!is_floating_like(s->scope.types[to], s->scope.types[from]) ||
			!scope_moves_to(&s->scope, from, s->tree.nodes[to].start))
			continue;
		buffer_init(&text, TEXT_BYTES_MAX);
		sketch_copy(&text, s, from);
		return replace_by(s, to, &text, false);
	}
	return 0;
}

static int expressions_terminal(struct sketch *s)
{
	int node = sketch_pick(s, sketch_is_value);
	struct buffer text;

	if (node < 0)
		return 0;
	buffer_init(&text, TEXT_BYTES_MAX);
	terms_write(&text, s, s->scope.types[node], s->tree.nodes[node].start);
	return replace_by(s, node, &text, true);
}

/* e becomes e op t, t op e, or e op c * t. */
static int expressions_wrap(struct sketch *s)
{
	int node = sketch_pick(s, sketch_is_value);
	struct scope_type type, leaf_type;
	struct buffer text, leaf;
	char operator;

	if (node < 0)
		return 0;
	type = s->scope.types[node];
	buffer_init(&text, TEXT_BYTES_MAX);
	buffer_init(&leaf, TEXT_BYTES_MAX);
	leaf_type = terms_write(&leaf, s, type, s->tree.nodes[node].start);
	operator = terms_operator(s, type, leaf_type);
	switch (random_below(s->random, 3)) {
	case 0:
		sketch_copy_operand(&text, s, node);
		buffer_format(&text, " %c %s", operator, leaf.bytes);
		break;
	case 1:
		buffer_format(&text, "%s %c ", leaf.bytes, operator);
		sketch_copy_operand(&text, s, node);
		break;
	default:
		sketch_copy_operand(&text, s, node);
		buffer_format(&text, " %c ", random_below(s->random, 2) ? '+' : '-');
		terms_write_literal(&text, s, type);
		buffer_format(&text, " * %s", leaf.bytes);
		break;
	}
	buffer_release(&leaf);
	return replace_by(s, node, &text, false);
}

/* A new expression of two or three leaves in the place of an old one. */
static int expressions_grow(struct sketch *s)
{
	int node = sketch_pick(s, sketch_is_value);
	struct scope_type left, right;
	struct buffer text, leaf;
	uint32_t at;

	if (node < 0)
		return 0;
	at = s->tree.nodes[node].start;
	buffer_init(&text, TEXT_BYTES_MAX);
	buffer_init(&leaf, TEXT_BYTES_MAX);
	left = terms_write(&text, s, s->scope.types[node], at);
	right = terms_write(&leaf, s, s->scope.types[node], at);
	buffer_format(&text, " %c %s", terms_operator(s, left, right), leaf.bytes);
	if (random_below(s->random, 3) == 0) {
		/* (a op b) op c; the result of a op b is floating if either is. */
		struct buffer wide;

		buffer_init(&wide, TEXT_BYTES_MAX);
		buffer_format(&wide, "(%s)", text.bytes);
		buffer_clear(&leaf);
		right = terms_write(&leaf, s, s->scope.types[node], at);
		buffer_format(&wide, " %c %s",
			terms_operator(s, scope_is_floating(left) ? left : right, right),
			leaf.bytes);
		buffer_release(&text);
		text = wide;
	}
	buffer_release(&leaf);
	return replace_by(s, node, &text, false);
}

/* An expression gives way to a part of itself: the brake on growth. */
static int expressions_hoist(struct sketch *s)
{
	for (int i = 0; i < TRIES; i++) {
		int node = sketch_pick(s, sketch_is_value);
		int last, pick = -1;
		uint64_t seen = 0;
		struct buffer text;

		if (node < 0)
			return 0;
		last = s->tree.nodes[node].last;
		for (int part = node + 1; part < last; part++)
			if (s->tree.nodes[part].named && sketch_is_value(s, part) &&
				is_floating_like(s->scope.types[node], s->scope.types[part]) &&
				random_below(s->random, ++seen) == 0)
				pick = part;
		if (pick < 0)
			continue;
		buffer_init(&text, TEXT_BYTES_MAX);
		sketch_copy(&text, s, pick);
		return replace_by(s, node, &text, false);
	}
	return 0;
}

static int operator_of(const struct sketch *s, int node)
{
	return tree_child(&s->tree, node, TREE_FIELD_OPERATOR);
}

static bool is_one_of(const struct sketch *s, int operator, const char *const *list, int count)
{
	for (int i = 0; operator >= 0 && i < count; i++)
		if (tree_text_is(&s->tree, operator, list[i]))
			return true;
	return false;
}

static const char *const sums[] = { "+", "-", "*", "/" };
static const char *const comparisons[] = { "<", "<=", ">", ">=", "==", "!=" };
static const char *const commuting[] = { "+", "*", "==", "!=", "&", "|", "^" };
static const char *const swappable[] = { "+", "*", "-", "/" };

static bool is_arithmetic_binary(const struct sketch *s, int node)
{
	return tree_is(&s->tree, node, TREE_BINARY_EXPRESSION) && sketch_is_value(s, node) &&
		is_one_of(s, operator_of(s, node), sums, 4);
}

static bool is_comparison(const struct sketch *s, int node)
{
	return tree_is(&s->tree, node, TREE_BINARY_EXPRESSION) && scope_is_value(&s->scope, node) &&
		!sketch_in_loop_header(s, node) &&
		is_one_of(s, operator_of(s, node), comparisons, 6);
}

/* Another of the list; an integer division could divide by zero, so integers get none. */
static int change_operator(struct sketch *s, int node, const char *const *list, int count)
{
	int operator = operator_of(s, node);
	const char *other;

	do
		other = list[random_below(s->random, (uint64_t)count)];
	while (tree_text_is(&s->tree, operator, other));
	edits_add(&s->edits, s->tree.nodes[operator].start, s->tree.nodes[operator].end, "%s",
		other);
	return 1;
}

static int expressions_operator(struct sketch *s)
{
	int node = sketch_pick(s, is_arithmetic_binary);

	if (node < 0)
		return 0;
	return change_operator(s, node, sums, scope_is_integer(s->scope.types[node]) ? 3 : 4);
}

static int expressions_comparison(struct sketch *s)
{
	int node = sketch_pick(s, is_comparison);

	return node < 0 ? 0 : change_operator(s, node, comparisons, 6);
}

/*
 * Swapping a comparison's sides turned `k + 2 <= n` into an overrun that three sizes did not show
 * (mutation.md, pitfall 3), so kernels swap only what commutes; in rules and numerics a - b and b -
 * a are both worth a look.
 */
static int expressions_swap(struct sketch *s)
{
	bool kernel = s->domain->kind == DOMAIN_LOOPS;
	int node = sketch_pick(s, is_arithmetic_binary);
	int left, right;

	if (node < 0 ||
		!is_one_of(s, operator_of(s, node), kernel ? commuting : swappable, kernel ? 7 : 4))
		return 0;
	left = tree_child(&s->tree, node, TREE_FIELD_LEFT);
	right = tree_child(&s->tree, node, TREE_FIELD_RIGHT);
	if (tree_same_text(&s->tree, left, right) ||
		(scope_is_integer(s->scope.types[node]) &&
			tree_text_is(&s->tree, operator_of(s, node), "/")))
		return 0;
	for (int i = 0; i < 2; i++) {
		int to = i ? right : left, from = i ? left : right;
		struct buffer text;

		buffer_init(&text, TEXT_BYTES_MAX);
		sketch_copy_operand(&text, s, from);
		if (replace_by(s, to, &text, true) == 0)
			return 0;
	}
	return 1;
}

/* e becomes a < b ? e : t, or a < b ? t : e. */
static int expressions_branch(struct sketch *s)
{
	int node = sketch_pick(s, sketch_is_value);
	struct buffer text;
	uint32_t at;
	bool first = random_below(s->random, 2) == 0;

	if (node < 0)
		return 0;
	at = s->tree.nodes[node].start;
	buffer_init(&text, TEXT_BYTES_MAX);
	terms_write(&text, s, s->scope.types[node], at);
	buffer_format(&text, " %s ", comparisons[random_below(s->random, 4)]);
	terms_write(&text, s, s->scope.types[node], at);
	buffer_add_text(&text, " ? ");
	if (first) {
		sketch_copy_operand(&text, s, node);
		buffer_add_text(&text, " : ");
		terms_write(&text, s, s->scope.types[node], at);
	} else {
		terms_write(&text, s, s->scope.types[node], at);
		buffer_add_text(&text, " : ");
		sketch_copy_operand(&text, s, node);
	}
	return replace_by(s, node, &text, false);
}

static bool has_import(const struct sketch *s, const char *name)
{
	for (int i = 0; s->domain->imports != NULL && s->domain->imports[i] != NULL; i++)
		if (strcmp(s->domain->imports[i], name) == 0)
			return true;
	return false;
}

/*
 * The calls of floating values that any problem could offer; single-precision kernels get the f
 * forms.
 */
static const struct call {
	const char *name;
	int arguments;
} calls[] = {
	{ "fmin", 2 },
	{ "fmax", 2 },
	{ "fabs", 1 },
	{ "sqrt", 1 },
	{ "fma", 3 },
	{ "pow", 2 },
	{ "exp", 1 },
	{ "log", 1 },
	{ "floor", 1 },
	{ "copysign", 2 },
};

static int expressions_call(struct sketch *s)
{
	int node = sketch_pick(s, sketch_is_value);
	struct buffer text;
	char name[16];
	int pick = -1;
	uint64_t seen = 0;
	bool single;

	if (node < 0 || !scope_is_floating(s->scope.types[node]))
		return 0;
	single = s->scope.types[node].base == SCOPE_FLOAT;
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		snprintf(name, sizeof name, "%s%s", calls[i].name, single ? "f" : "");
		if (has_import(s, name) && random_below(s->random, ++seen) == 0)
			pick = (int)i;
	}
	if (pick < 0)
		return 0;
	buffer_init(&text, TEXT_BYTES_MAX);
	buffer_format(&text, "%s%s(", calls[pick].name, single ? "f" : "");
	sketch_copy(&text, s, node);
	for (int i = 1; i < calls[pick].arguments; i++) {
		buffer_add_text(&text, ", ");
		terms_write(&text, s, s->scope.types[node], s->tree.nodes[node].start);
	}
	buffer_add_text(&text, ")");
	return replace_by(s, node, &text, true);
}

/*
 * May the mate's expression stand at a byte of ours: does each of its names mean a value of the
 * same type here?
 */
static bool mate_fits(const struct sketch *s, int node, uint32_t at)
{
	const struct sketch *m = s->mate;

	for (int i = node; i < m->tree.nodes[node].last; i++) {
		int theirs, ours;

		if (!tree_is(&m->tree, i, TREE_IDENTIFIER))
			continue;
		theirs = scope_of_node(&m->scope, i);
		ours = scope_find(&s->scope, tree_text(&m->tree, i), tree_bytes(&m->tree, i), at);
		if (theirs < 0 && ours < 0)
			continue;                /* an import or macro */
		if (theirs < 0 || ours < 0 ||
			m->scope.bindings[theirs].type.base != s->scope.bindings[ours].type.base ||
			m->scope.bindings[theirs].type.depth != s->scope.bindings[ours].type.depth)
			return false;
	}
	return true;
}

static int expressions_crossover(struct sketch *s)
{
	for (int i = 0; i < TRIES && s->mate != NULL; i++) {
		int to = sketch_pick(s, sketch_is_value);
		struct sketch from_mate =
			*s->mate; /* shares its tree; the copy lends it our random stream */
		struct buffer text;
		int from;

		from_mate.random = s->random;
		from = sketch_pick(&from_mate, sketch_is_value);
		if (to < 0 || from < 0)
			return 0;
		if (!is_floating_like(s->scope.types[to], s->mate->scope.types[from]) ||
			!mate_fits(s, from, s->tree.nodes[to].start))
			continue;
		buffer_init(&text, TEXT_BYTES_MAX);
		sketch_copy(&text, s->mate, from);
		s->used_mate = true;
		return replace_by(s, to, &text, false);
	}
	return 0;
}

/*
 * The statement around a node that stands in a block of its own, -1: none, or a loop or branch lies
 * between.
 */
static int plain_statement(const struct sketch *s, int node)
{
	for (int p = s->tree.nodes[node].parent; p >= 0; node = p, p = s->tree.nodes[p].parent) {
		int kind = s->tree.nodes[node].kind;

		if (kind == TREE_CONDITIONAL_EXPRESSION)
			return -1; /* what a branch guards may not be computed before it */
		if (tree_is(&s->tree, p, TREE_COMPOUND_STATEMENT))
			return kind == TREE_EXPRESSION_STATEMENT || kind == TREE_RETURN_STATEMENT ||
					kind == TREE_DECLARATION
				? node
				: -1;
	}
	return -1;
}

static bool is_compound_value(const struct sketch *s, int node)
{
	int kind = s->tree.nodes[node].kind;

	return (kind == TREE_BINARY_EXPRESSION || kind == TREE_CALL_EXPRESSION) &&
		sketch_is_value(s, node) && plain_statement(s, node) >= 0;
}

/* T t1_ = e; before the statement, and t1_ wherever the statement has e. */
static int expressions_local(struct sketch *s)
{
	int node = sketch_pick(s, is_compound_value);
	int statement, number = 0;
	char name[16], type[64];
	struct buffer text;

	if (node < 0)
		return 0;
	statement = plain_statement(s, node);
	scope_type_text(type, &s->scope, s->scope.types[node]);
	if (type[0] == '\0' || !scope_moves_to(&s->scope, node, s->tree.nodes[statement].start))
		return 0;
	do
		snprintf(name, sizeof name, "t%d_", ++number);
	while (number < LOCALS_MAX && scope_uses_name(&s->scope, name));
	buffer_init(&text, TEXT_BYTES_MAX);
	sketch_copy(&text, s, node);
	if (!text.full)
		edits_add(&s->edits, s->tree.nodes[statement].start, s->tree.nodes[statement].start,
			"%s %s = %s;\n\t", type, name, text.bytes);
	buffer_release(&text);
	for (int i = statement; i < s->tree.nodes[statement].last; i++)
		if (s->tree.nodes[i].kind == s->tree.nodes[node].kind && sketch_is_value(s, i) &&
			tree_same_text(&s->tree, i, node)) {
			edits_add(&s->edits, s->tree.nodes[i].start, s->tree.nodes[i].end, "%s",
				name);
			i = s->tree.nodes[i].last - 1;
		}
	return 1;
}

/*
 * Weights after the yields of mutation.md 2b (kernels: nearly nothing of this is ever right) and 2c
 * (rules).
 */
const struct operator expressions_operators[] = {
	{ "expression replace", { 0.05, 2, 0.1, 2 }, 0, MUTATOR_FLAGS_FIXED, expressions_replace },
	{ "expression terminal", { 0.05, 3, 0.1, 2 }, 0, MUTATOR_FLAGS_FIXED,
		expressions_terminal },
	{ "expression wrap", { 0.05, 3, 0, 1 }, 0, MUTATOR_FLAGS_FIXED, expressions_wrap },
	{ "expression grow", { 0.05, 5, 0, 1 }, 0, MUTATOR_FLAGS_FIXED, expressions_grow },
	{ "expression hoist", { 0.05, 4, 0.1, 1.5 }, 0, MUTATOR_FLAGS_FIXED, expressions_hoist },
	{ "expression operator", { 0.05, 3, 0, 1 }, 0, MUTATOR_FLAGS_FIXED, expressions_operator },
	{ "expression comparison", { 0.05, 1, 0.1, 1 }, DOMAIN_BRANCHES, MUTATOR_FLAGS_FIXED,
		expressions_comparison },
	{ "expression swap", { 0.05, 1, 0.1, 0.5 }, 0, MUTATOR_FLAGS_FIXED, expressions_swap },
	{ "expression branch", { 0.05, 1, 0, 0.5 }, DOMAIN_BRANCHES, MUTATOR_FLAGS_FIXED,
		expressions_branch },
	{ "expression call", { 0.3, 1.5, 0, 0.5 }, DOMAIN_CALLS, MUTATOR_FLAGS_FIXED,
		expressions_call },
	{ "expression crossover", { 0.05, 5, 0.2, 2 }, 0, MUTATOR_FLAGS_FIXED,
		expressions_crossover },
	{ "expression local", { 0, 0.3, 0.2, 0.5 }, 0, MUTATOR_FLAGS_FIXED, expressions_local },
	{ .name = NULL },
};
