/*
 * reductions.c - operators on loops that sum: scalar replacement, several accumulators, register
 * tiles.
 */
#include "mutators/operator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "mutators/loops.h"

#define TEXT_BYTES_MAX (64u << 10)

/* place op= value; in the innermost loop. */
struct reduction {
	struct loop loop;
	int statement, place, operator, value;   /* nodes */
	char type[64];           /* of the place */
};

static bool read_sum(struct reduction *out, const struct sketch *s, int statement)
{
	const struct tree *t = &s->tree;
	int assignment =
		tree_is(t, statement, TREE_EXPRESSION_STATEMENT) ? tree_named(t, statement, 0) : -1;

	if (!tree_is(t, assignment, TREE_ASSIGNMENT_EXPRESSION))
		return false;
	out->statement = statement;
	out->place = tree_child(t, assignment, TREE_FIELD_LEFT);
	out->operator = tree_child(t, assignment, TREE_FIELD_OPERATOR);
	out->value = tree_child(t, assignment, TREE_FIELD_RIGHT);
	if (!tree_text_is(t, out->operator, "+=") && !tree_text_is(t, out->operator, "-="))
		return false;
	if (!scope_is_arithmetic(s->scope.types[out->place]))
		return false;
	scope_type_text(out->type, &s->scope, s->scope.types[out->place]);
	return out->type[0] != '\0';
}

/* A sum into one element that the innermost loop does not move. */
static bool read_element_sum(struct reduction *out, const struct sketch *s, int statement)
{
	int loop;

	if (!read_sum(out, s, statement) ||
		!tree_is(&s->tree, out->place, TREE_SUBSCRIPT_EXPRESSION))
		return false;
	loop = tree_enclosing(&s->tree, statement, TREE_FOR_STATEMENT);
	return loop >= 0 && loops_read(&out->loop, s, loop) &&
		scope_moves_to(&s->scope, out->place, s->tree.nodes[loop].start);
}

static bool is_element_sum(const struct sketch *s, int node)
{
	struct reduction r;

	return tree_is(&s->tree, node, TREE_EXPRESSION_STATEMENT) && read_element_sum(&r, s, node);
}

/* for (...) X[i] += e; becomes { T a1_ = X[i]; for (...) a1_ += e; X[i] = a1_; } */
static int reductions_scalar(struct sketch *s)
{
	int node = sketch_pick(s, is_element_sum);
	const struct tree *t = &s->tree;
	struct reduction r;
	char name[64];
	char *place;

	if (node < 0 || !read_element_sum(&r, s, node))
		return 0;
	loops_fresh_name(name, s, "a1_", 3);
	place = loops_text(s, r.place);
	edits_add(&s->edits, t->nodes[r.loop.node].start, t->nodes[r.loop.node].start,
		"{ %s %s = %s;\n\t", r.type, name, place);
	edits_add(&s->edits, t->nodes[r.place].start, t->nodes[r.place].end, "%s", name);
	edits_add(&s->edits, t->nodes[r.loop.node].end, t->nodes[r.loop.node].end, "\n\t%s = %s; }",
		place, name);
	free(place);
	return 1;
}

/* A counted loop whose whole body sums into a variable from outside. */
static bool read_variable_sum(struct reduction *out, const struct sketch *s, int node)
{
	return loops_read(&out->loop, s, node) && out->loop.counted &&
		read_sum(out, s, loops_only_statement(s, out->loop.body)) &&
		tree_is(&s->tree, out->place, TREE_IDENTIFIER) &&
		tree_text_is(&s->tree, out->operator, "+=") &&
		!loops_mentions(s, out->value, out->place) &&
		tree_bytes(&s->tree, out->loop.variable) < 48;
}

static bool is_variable_sum(const struct sketch *s, int node)
{
	struct reduction r;

	return tree_is(&s->tree, node, TREE_FOR_STATEMENT) && read_variable_sum(&r, s, node);
}

static void write_partial_sums(struct buffer *out, const struct sketch *s,
	const struct reduction *r, const char *array, int ways)
{
	char *variable = loops_text(s, r->loop.variable);

	for (int i = 0; i < ways; i++) {
		char by[96];
		char *value;

		snprintf(by, sizeof by, i ? "(%s + %d)" : "%s", variable, i);
		value = loops_substitute(s, r->value, r->loop.variable, by);
		buffer_format(out, "\n\t\t%s[%d] += %s;", array, i, value ? value : "0");
		free(value);
	}
	free(variable);
}

/* One chain of dependent additions becomes two, four or eight. */
static int reductions_split(struct sketch *s)
{
	int node = sketch_pick(s, is_variable_sum), ways = 2 << random_below(s->random, 3);
	char *type, *variable, *low, *high, *place, *value;
	struct reduction r;
	struct buffer text;
	char array[64];
	bool done;

	if (node < 0 || !read_variable_sum(&r, s, node))
		return 0;
	loops_fresh_name(array, s, "s1_", 3);
	type = loops_text(s, r.loop.type);
	variable = loops_text(s, r.loop.variable);
	low = loops_text(s, r.loop.low);
	high = loops_text(s, r.loop.high);
	place = loops_text(s, r.place);
	value = loops_text(s, r.value);
	buffer_init(&text, TEXT_BYTES_MAX);
	buffer_format(&text,
		"{\n\t%s %s = %s;\n\t%s %s[%d] = { 0 };\n\tfor (; %s + %d < %s; %s += %d) {", type,
		variable, low, r.type, array, ways, variable, ways - 1, high, variable, ways);
	write_partial_sums(&text, s, &r, array, ways);
	buffer_format(&text, "\n\t}\n\tfor (; %s < %s; %s++)\n\t\t%s += %s;\n\t", variable, high,
		variable, place, value);
	for (int i = 0; i < ways; i++)
		buffer_format(&text, "%s += %s[%d]; ", place, array, i);
	buffer_add_text(&text, "\n\t}");
	done = !text.full;
	if (done)
		edits_add(&s->edits, s->tree.nodes[node].start, s->tree.nodes[node].end, "%s",
			text.bytes);
	buffer_release(&text);
	free(type);
	free(variable);
	free(low);
	free(high);
	free(place);
	free(value);
	return done;
}

const struct operator reductions_operators[] = {
	{ "scalar replacement", { 0, 0, 1.5, 0.5 }, DOMAIN_WITH_LOOPS | DOMAIN_POINTERS,
		MUTATOR_FLAGS_FIXED, reductions_scalar },
	{ "accumulator split", { 0, 0, 1, 0.3 }, DOMAIN_WITH_LOOPS | DOMAIN_POINTERS,
		MUTATOR_FLAGS_FIXED, reductions_split },
	{ .name = NULL },
};
