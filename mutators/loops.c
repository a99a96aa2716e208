/*
 * loops.c - what a for loop is, and the operators on single loops and neighbours: fission, fusion,
 * unrolling by pragma.
 */
#include "mutators/loops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "base/text.h"
#include "mutators/operator.h"

#define FRESH_MAX 64         /* a text that has that many of our names is shadowed instead */

/* ---- reading ---- */

static bool counts_by_one(const struct tree *t, int update, int name)
{
	int operator = tree_child(t, update, TREE_FIELD_OPERATOR);

	if (tree_is(t, update, TREE_UPDATE_EXPRESSION))
		return tree_text_is(t, operator, "++") &&
			tree_same_text(t, tree_child(t, update, TREE_FIELD_ARGUMENT), name);
	return tree_is(t, update, TREE_ASSIGNMENT_EXPRESSION) && tree_text_is(t, operator, "+=") &&
		tree_same_text(t, tree_child(t, update, TREE_FIELD_LEFT), name) &&
		tree_text_is(t, tree_child(t, update, TREE_FIELD_RIGHT), "1");
}

static void read_bounds(struct loop *l, const struct tree *t, int init)
{
	int condition = tree_child(t, l->node, TREE_FIELD_CONDITION),
	    update = tree_child(t, l->node, TREE_FIELD_UPDATE);

	if (!tree_is(t, condition, TREE_BINARY_EXPRESSION) || update < 0)
		return;
	if (!tree_text_is(t, tree_child(t, condition, TREE_FIELD_OPERATOR), "<"))
		return;
	if (!tree_same_text(t, tree_child(t, condition, TREE_FIELD_LEFT), l->variable) ||
		!counts_by_one(t, update, l->variable))
		return;
	l->low = tree_child(t, init, TREE_FIELD_VALUE);
	l->high = tree_child(t, condition, TREE_FIELD_RIGHT);
	l->counted = l->low >= 0 && l->high >= 0;
}

bool loops_read(struct loop *out, const struct sketch *s, int node)
{
	const struct tree *t = &s->tree;
	struct loop l = { .node = node, .low = -1, .high = -1 };
	int declaration, init;

	if (!tree_is(t, node, TREE_FOR_STATEMENT))
		return false;
	declaration = tree_child(t, node, TREE_FIELD_INITIALIZER);
	init = tree_is(t, declaration, TREE_DECLARATION)
		? tree_child(t, declaration, TREE_FIELD_DECLARATOR)
		: -1;
	l.body = tree_child(t, node, TREE_FIELD_BODY);
	if (!tree_is(t, init, TREE_INIT_DECLARATOR) || l.body < 0 ||
		tree_named_count(t, declaration) > 3)
		return false;
	l.variable = tree_child(t, init, TREE_FIELD_DECLARATOR);
	l.type = tree_child(t, declaration, TREE_FIELD_TYPE);
	if (!tree_is(t, l.variable, TREE_IDENTIFIER) || l.type < 0)
		return false;
	/* for (int i = 0, j = 0; ...) has two variables and is left alone. */
	for (int c = t->nodes[init].next; c >= 0; c = t->nodes[c].next)
		if (t->nodes[c].field == TREE_FIELD_DECLARATOR)
			return false;
	read_bounds(&l, t, init);
	*out = l;
	return true;
}

int loops_only_statement(const struct sketch *s, int body)
{
	const struct tree *t = &s->tree;

	while (tree_is(t, body, TREE_COMPOUND_STATEMENT)) {
		int only = -1;

		for (int c = tree_first(t, body); c >= 0; c = t->nodes[c].next) {
			if (!t->nodes[c].named || tree_is(t, c, TREE_COMMENT) ||
				tree_is(t, c, TREE_PREPROC_CALL))
				continue;
			if (only >= 0)
				return -1;
			only = c;
		}
		body = only;
	}
	return body;
}

int loops_nest(struct loop out[LOOPS_NEST_MAX], const struct sketch *s, int node)
{
	int count = 0;

	while (count < LOOPS_NEST_MAX && node >= 0 && loops_read(&out[count], s, node))
		node = loops_only_statement(s, out[count++].body);
	return count;
}

static bool mentions_between(const struct sketch *s, int from, int to, int name)
{
	for (int i = from; i < to; i++)
		if (tree_is(&s->tree, i, TREE_IDENTIFIER) && tree_same_text(&s->tree, i, name))
			return true;
	return false;
}

bool loops_mentions(const struct sketch *s, int node, int name)
{
	return mentions_between(s, node, s->tree.nodes[node].last, name);
}

bool loops_header_mentions(const struct sketch *s, const struct loop *l, int name)
{
	return mentions_between(s, l->node, l->body, name);
}

char *loops_text(const struct sketch *s, int node)
{
	return text_copy_n(tree_text(&s->tree, node), tree_bytes(&s->tree, node));
}

char *loops_header(const struct sketch *s, const struct loop *l)
{
	return text_copy_n(tree_text(&s->tree, l->node),
		s->tree.nodes[l->body].start - s->tree.nodes[l->node].start);
}

char *loops_substitute_all(
	const struct sketch *s, int node, const int *names, const char *const *by, int count)
{
	const struct tree *t = &s->tree;
	struct edits edits;
	char *text;

	edits_init(&edits);
	for (int i = node; i < t->nodes[node].last; i++)
		for (int k = 0; k < count && tree_is(t, i, TREE_IDENTIFIER); k++)
			if (tree_same_text(t, i, names[k]))
				edits_add(&edits, t->nodes[i].start, t->nodes[i].end, "%s", by[k]);
	text = edits_apply(&edits, t->text, t->nodes[node].start, t->nodes[node].end);
	edits_release(&edits);
	return text;
}

char *loops_substitute(const struct sketch *s, int node, int name, const char *by)
{
	return loops_substitute_all(s, node, &name, &by, 1);
}

void loops_fresh_name(char out[64], const struct sketch *s, const char *base, int bytes)
{
	int length = bytes < 48 ? bytes : 48;

	snprintf(out, 64, "%.*s", length, base);
	for (int n = 2; n < FRESH_MAX && scope_uses_name(&s->scope, out); n++)
		snprintf(out, 64, "%.*s_%d", length, base, n);
}

/* ---- operators ---- */

static bool is_loop(const struct sketch *s, int node)
{
	struct loop l;

	return loops_read(&l, s, node);
}

/* Does a statement declare a name that a later node uses? */
static bool declares_for(const struct sketch *s, int statement, int from, int to)
{
	if (!tree_is(&s->tree, statement, TREE_DECLARATION))
		return false;
	for (int b = 0; b < s->scope.count; b++) {
		const struct scope_binding *binding = &s->scope.bindings[b];

		if (binding->declaration == statement &&
			mentions_between(s, from, to, binding->name))
			return true;
	}
	return false;
}

static bool can_split(const struct sketch *s, int node)
{
	struct loop l;

	return loops_read(&l, s, node) && tree_is(&s->tree, l.body, TREE_COMPOUND_STATEMENT) &&
		tree_named_count(&s->tree, l.body) >= 2;
}

/* for (h) { A B } becomes for (h) { A } for (h) { B }. */
static int loops_fission(struct sketch *s)
{
	int node = sketch_pick(s, can_split);
	struct loop l;
	int cut, at;
	char *header;

	if (node < 0 || !loops_read(&l, s, node))
		return 0;
	cut = 1 + (int)random_below(s->random, (uint64_t)tree_named_count(&s->tree, l.body) - 1);
	at = tree_named(&s->tree, l.body, cut);
	if (tree_is(&s->tree, tree_named(&s->tree, l.body, cut - 1), TREE_PREPROC_CALL))
		return 0;                        /* a pragma stays with its loop */
	for (int i = 0; i < cut; i++)
		if (declares_for(
			    s, tree_named(&s->tree, l.body, i), at, s->tree.nodes[l.body].last))
			return 0;
	/* A loop that is the body of another needs braces around the two that it becomes. */
	header = loops_header(s, &l);
	edits_add(&s->edits, s->tree.nodes[node].start, s->tree.nodes[node].start, "{ ");
	edits_add(&s->edits, s->tree.nodes[at].start, s->tree.nodes[at].start, "}\n\t%s{ ", header);
	edits_add(&s->edits, s->tree.nodes[node].end, s->tree.nodes[node].end, " }");
	free(header);
	return 1;
}

static int next_statement(const struct tree *t, int node)
{
	int next = t->nodes[node].next;

	while (next >= 0 && (!t->nodes[next].named || tree_is(t, next, TREE_COMMENT)))
		next = t->nodes[next].next;
	return next;
}

static bool can_fuse(const struct sketch *s, int node)
{
	int next = next_statement(&s->tree, node);
	struct loop a, b;

	if (!tree_is(&s->tree, s->tree.nodes[node].parent, TREE_COMPOUND_STATEMENT) ||
		!loops_read(&a, s, node) || next < 0 || !loops_read(&b, s, next))
		return false;
	return a.counted && b.counted && tree_same_text(&s->tree, a.variable, b.variable) &&
		tree_same_text(&s->tree, a.low, b.low) &&
		tree_same_text(&s->tree, a.high, b.high) &&
		tree_same_text(&s->tree, a.type, b.type);
}

static int loops_fusion(struct sketch *s)
{
	int node = sketch_pick(s, can_fuse);
	struct loop a, b;
	char *first, *second;

	if (node < 0 || !loops_read(&a, s, node) ||
		!loops_read(&b, s, next_statement(&s->tree, node)))
		return 0;
	first = loops_text(s, a.body);
	second = loops_text(s, b.body);
	edits_add(&s->edits, s->tree.nodes[a.body].start, s->tree.nodes[b.node].end, "{ %s %s }",
		first, second);
	free(first);
	free(second);
	return 1;
}

static bool is_loop_pragma(const struct tree *t, int node)
{
	static const char *const pragmas[] = { "#pragma GCC unroll", "#pragma GCC ivdep" };

	for (int i = 0; i < 2; i++)
		if (tree_is(t, node, TREE_PREPROC_CALL) &&
			strncmp(tree_text(t, node), pragmas[i], strlen(pragmas[i])) == 0)
			return true;
	return false;
}

void loops_drop_stale_pragmas(struct sketch *s)
{
	const struct tree *t = &s->tree;

	for (int i = 0; i < t->count; i++) {
		int next;

		if (!is_loop_pragma(t, i) ||
			!tree_inside(t, i, (uint32_t)s->region.start, (uint32_t)s->region.end))
			continue;
		for (next = next_statement(t, i); next >= 0 && is_loop_pragma(t, next);)
			next = next_statement(t, next);
		if (!tree_is(t, next, TREE_FOR_STATEMENT) &&
			!tree_is(t, next, TREE_WHILE_STATEMENT) &&
			!tree_is(t, next, TREE_DO_STATEMENT))
			edits_add(&s->edits, t->nodes[i].start, t->nodes[i].end, "%s", "");
	}
}

/* The unroll pragma in front of a loop, -1: none. */
static int unroll_before(const struct tree *t, int node)
{
	int before = -1;

	for (int c = tree_first(t, t->nodes[node].parent); c >= 0 && c != node;
		c = t->nodes[c].next)
		if (t->nodes[c].named)
			before = c;
	return before >= 0 && is_loop_pragma(t, before) &&
			strncmp(tree_text(t, before), "#pragma GCC unroll", 18) == 0
		? before
		: -1;
}

/* Bytes of white space in front of a node on its line, -1: something else stands there. */
static int indentation(const struct tree *t, int node)
{
	uint32_t start = t->nodes[node].start, at = start;

	while (at > 0 && (t->text[at - 1] == '\t' || t->text[at - 1] == ' '))
		at--;
	return at == 0 || t->text[at - 1] == '\n' ? (int)(start - at) : -1;
}

static int loops_unroll(struct sketch *s)
{
	static const int factors[] = { 2, 4, 8, 16 };
	const struct tree *t = &s->tree;
	int node = sketch_pick(s, is_loop);
	int factor = factors[random_below(s->random, 4)], old, indent;
	uint32_t start;
	bool wrapped;

	if (node < 0)
		return 0;
	old = unroll_before(t, node);
	start = t->nodes[node].start;
	/* Replaced, never stacked. */
	if (old >= 0) {
		if (random_below(s->random, 4) == 0)
			edits_add(&s->edits, t->nodes[old].start, t->nodes[old].end, "%s", "");
		else
			edits_add(&s->edits, t->nodes[old].start, t->nodes[old].end,
				"#pragma GCC unroll %d\n", factor);
		return 1;
	}
	indent = indentation(t, node);
	wrapped = !tree_is(t, t->nodes[node].parent, TREE_COMPOUND_STATEMENT);
	edits_add(&s->edits, start, start, "%s%s#pragma GCC unroll %d\n%.*s", wrapped ? "{" : "",
		wrapped || indent < 0 ? "\n" : "", factor, indent < 0 ? 0 : indent,
		t->text + start - (indent < 0 ? 0 : indent));
	if (wrapped)
		edits_add(&s->edits, t->nodes[node].end, t->nodes[node].end, " }");
	return 1;
}

const struct operator loops_operators[] = {
	{ "loop fission", { 0, 0, 1, 0.5 }, DOMAIN_WITH_LOOPS, MUTATOR_FLAGS_FIXED, loops_fission },
	{ "loop fusion", { 0, 0, 0.7, 0.5 }, DOMAIN_WITH_LOOPS, MUTATOR_FLAGS_FIXED, loops_fusion },
	{ "loop unroll pragma", { 0, 0, 1.5, 0.5 }, DOMAIN_WITH_LOOPS | DOMAIN_PRAGMAS,
		MUTATOR_FLAGS_ATTRIBUTES, loops_unroll },
	{ .name = NULL },
};
