/*
 * statements.c - operators on whole statements: delete, swap, copy, a branch turned into
 * arithmetic.
 *
 * Declarations stay where they are (only 3-11 % of edits on them compile, mutation.md 2), and a
 * copy goes only where all its names are visible.
 */
#include "mutators/operator.h"

#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "mutators/loops.h"

#define TEXT_BYTES_MAX (32u << 10)
#define TRIES 20

/* A statement of a block that may go or move alone. */
static bool is_movable(const struct sketch *s, int node)
{
	const struct tree *t = &s->tree;

	if (!tree_is(t, t->nodes[node].parent, TREE_COMPOUND_STATEMENT) ||
		tree_enclosing(t, node, TREE_FUNCTION_DEFINITION) < 0)
		return false;
	switch (t->nodes[node].kind) {
	case TREE_EXPRESSION_STATEMENT:
	case TREE_FOR_STATEMENT:
	case TREE_WHILE_STATEMENT:
	case TREE_IF_STATEMENT: return true;
	default:
		return false;
	}
}

/* The pragma that belongs to a loop goes with it. */
static uint32_t start_with_pragma(const struct tree *t, int node)
{
	uint32_t start = t->nodes[node].start;

	for (int c = tree_first(t, t->nodes[node].parent); c >= 0 && c != node;
		c = t->nodes[c].next) {
		if (tree_is(t, c, TREE_PREPROC_CALL))
			start = t->nodes[c].start;
		else if (t->nodes[c].kind != TREE_COMMENT)
			start = t->nodes[node].start;
	}
	return start;
}

static bool has_jump(const struct tree *t, int node)
{
	for (int i = node; i < t->nodes[node].last; i++)
		if (tree_is(t, i, TREE_RETURN_STATEMENT) || tree_is(t, i, TREE_BREAK_STATEMENT) ||
			tree_is(t, i, TREE_CONTINUE_STATEMENT) ||
			tree_is(t, i, TREE_CASE_STATEMENT) ||
			tree_is(t, i, TREE_LABELED_STATEMENT) || tree_is(t, i, TREE_DECLARATION))
			return true;
	return false;
}

static int statements_delete(struct sketch *s)
{
	int node = sketch_pick(s, is_movable);

	if (node < 0)
		return 0;
	edits_add(&s->edits, start_with_pragma(&s->tree, node), s->tree.nodes[node].end, ";");
	return 1;
}

static int following(const struct tree *t, int node)
{
	int next = t->nodes[node].next;

	while (next >= 0 && (!t->nodes[next].named || tree_is(t, next, TREE_COMMENT)))
		next = t->nodes[next].next;
	return next;
}

static int statements_swap(struct sketch *s)
{
	const struct tree *t = &s->tree;

	for (int i = 0; i < TRIES; i++) {
		int node = sketch_pick(s, is_movable);
		int next = node < 0 ? -1 : following(t, node);
		uint32_t start;

		if (node < 0)
			return 0;
		if (next < 0 || !is_movable(s, next) || tree_same_text(t, node, next))
			continue;
		start = start_with_pragma(t, node);
		edits_add(&s->edits, start, t->nodes[next].end, "%.*s\n\t%.*s",
			(int)tree_bytes(t, next), tree_text(t, next),
			(int)(t->nodes[node].end - start), t->text + start);
		return 1;
	}
	return 0;
}

static int statements_copy(struct sketch *s)
{
	const struct tree *t = &s->tree;

	for (int i = 0; i < TRIES; i++) {
		int from = sketch_pick(s, is_movable), to = sketch_pick(s, is_movable);
		uint32_t at;

		if (from < 0)
			return 0;
		at = start_with_pragma(t, to);
		if (has_jump(t, from) || !scope_moves_to(&s->scope, from, at) ||
			tree_bytes(t, from) > TEXT_BYTES_MAX)
			continue;
		edits_add(&s->edits, at, at, "%.*s\n\t", (int)tree_bytes(t, from),
			tree_text(t, from));
		return 1;
	}
	return 0;
}

static bool is_plain_if(const struct sketch *s, int node)
{
	const struct tree *t = &s->tree;
	int only;

	if (!tree_is(t, node, TREE_IF_STATEMENT) ||
		tree_child(t, node, TREE_FIELD_ALTERNATIVE) >= 0)
		return false;
	only = loops_only_statement(s, tree_child(t, node, TREE_FIELD_CONSEQUENCE));
	return tree_is(t, only, TREE_EXPRESSION_STATEMENT) &&
		tree_is(t, tree_named(t, only, 0), TREE_ASSIGNMENT_EXPRESSION);
}

/*
 * if (c) l = r; becomes l = c ? r : l; and if (c) l += r; becomes l += c ? r : 0; vectorisers take
 * these.
 */
static int statements_branchless(struct sketch *s)
{
	const struct tree *t = &s->tree;
	int node = sketch_pick(s, is_plain_if);
	int assignment, left, operator, right, condition;
	struct buffer text;
	bool plain, done;

	if (node < 0)
		return 0;
	assignment = tree_named(
		t, loops_only_statement(s, tree_child(t, node, TREE_FIELD_CONSEQUENCE)), 0);
	left = tree_child(t, assignment, TREE_FIELD_LEFT);
	operator = tree_child(t, assignment, TREE_FIELD_OPERATOR);
	right = tree_child(t, assignment, TREE_FIELD_RIGHT);
	condition = tree_child(t, node, TREE_FIELD_CONDITION);
	plain = tree_text_is(t, operator, "=");
	if (!plain && !tree_text_is(t, operator, "+=") && !tree_text_is(t, operator, "-="))
		return 0;
	buffer_init(&text, TEXT_BYTES_MAX);
	sketch_copy(&text, s, left);
	buffer_format(&text, " %.*s ", (int)tree_bytes(t, operator), tree_text(t, operator));
	sketch_copy_operand(&text, s, condition);
	buffer_add_text(&text, " ? ");
	sketch_copy_operand(&text, s, right);
	buffer_add_text(&text, " : ");
	if (plain)
		sketch_copy(&text, s, left);
	else
		buffer_add_text(&text, "0");
	done = !text.full;
	if (done)
		edits_add(&s->edits, t->nodes[node].start, t->nodes[node].end, "%s;", text.bytes);
	buffer_release(&text);
	return done;
}

const struct operator statements_operators[] = {
	{ "statement delete", { 0, 0.5, 0.2, 1 }, 0, MUTATOR_FLAGS_FIXED, statements_delete },
	{ "statement swap", { 0, 0.3, 0.3, 1 }, 0, MUTATOR_FLAGS_FIXED, statements_swap },
	{ "statement copy", { 0, 0.3, 0.2, 1 }, 0, MUTATOR_FLAGS_FIXED, statements_copy },
	{ "branch to arithmetic", { 0, 0.2, 0.7, 0.5 }, DOMAIN_BRANCHES, MUTATOR_FLAGS_FIXED,
		statements_branchless },
	{ .name = NULL },
};
