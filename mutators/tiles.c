/*
 * tiles.c - register tiles: a sum over three loops into a two-dimensional place, computed block by
 * block in local accumulators.
 *
 *      for a, b, k in any order: P(a,b) += V(a,b,k)
 *      ─▶  for a by M, for b by N: acc = P; for k: acc[r][c] += V(a+r, b+c, k); P = acc
 *          and the rows and columns that are left over
 *
 * With M x N = 8 x 32 floats gcc 12 -O3 -march=native keeps the accumulators in registers: five
 * times the i-k-j loops at n = 64 and 256 (one Zen 5 core). Sums are taken in the order of k, as in
 * the nest itself.
 */
#include "mutators/operator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "mutators/loops.h"

#define TEXT_BYTES_MAX (64u << 10)
#define NAME_BYTES_MAX 40

struct tile {
	struct loop row, column, sum;
	int place, value, operator;      /* nodes */
	char type[64];                   /* of the place */
};

/* The loops must be able to run in any order: no header reads another's variable. */
static bool is_independent(const struct sketch *s, const struct loop *nest, int count)
{
	for (int i = 0; i < count; i++)
		for (int k = 0; k < count; k++)
			if (!nest[i].counted ||
				tree_bytes(&s->tree, nest[i].variable) > NAME_BYTES_MAX ||
				(i != k && loops_header_mentions(s, &nest[i], nest[k].variable)))
				return false;
	return true;
}

static bool read_statement(struct tile *t, const struct sketch *s, int body)
{
	int statement = loops_only_statement(s, body);
	int assignment = tree_is(&s->tree, statement, TREE_EXPRESSION_STATEMENT)
		? tree_named(&s->tree, statement, 0)
		: -1;

	if (!tree_is(&s->tree, assignment, TREE_ASSIGNMENT_EXPRESSION))
		return false;
	t->place = tree_child(&s->tree, assignment, TREE_FIELD_LEFT);
	t->value = tree_child(&s->tree, assignment, TREE_FIELD_RIGHT);
	t->operator = tree_child(&s->tree, assignment, TREE_FIELD_OPERATOR);
	if (!tree_is(&s->tree, t->place, TREE_SUBSCRIPT_EXPRESSION) ||
		!scope_is_arithmetic(s->scope.types[t->place]))
		return false;
	scope_type_text(t->type, &s->scope, s->scope.types[t->place]);
	return t->type[0] != '\0' &&
		(tree_text_is(&s->tree, t->operator, "+=") ||
			tree_text_is(&s->tree, t->operator, "-="));
}

/* Exactly one of the three loops does not move the place: the one that sums. */
static bool read_tile(struct tile *t, const struct sketch *s, int node)
{
	struct loop nest[LOOPS_NEST_MAX];
	int sum = -1, others[2], count = 0;

	if (!tree_is(&s->tree, node, TREE_FOR_STATEMENT) || loops_nest(nest, s, node) != 3 ||
		!is_independent(s, nest, 3) || !read_statement(t, s, nest[2].body))
		return false;
	for (int i = 0; i < 3; i++) {
		if (loops_mentions(s, t->place, nest[i].variable)) {
			if (count == 2)
				return false;
			others[count++] = i;
		} else {
			sum = i;
		}
	}
	if (count != 2)
		return false;
	t->sum = nest[sum];
	t->row = nest[others[0]];
	t->column = nest[others[1]];
	return true;
}

static bool is_tile(const struct sketch *s, int node)
{
	struct tile t;

	return read_tile(&t, s, node);
}

/* The texts that the tiled nest is put together from; all owned. */
struct parts {
	char *row, *column, *row_type, *column_type, *row_low, *column_low, *row_high, *column_high,
		*sum_header;
	char *place, *value, *operator;          /* as they stand */
	char *inner_place, *inner_value;         /* at row + r, column + c */
	char *side_place, *side_value; /* at r, column: rows of a block, left-over columns */
};

/* A node's text at two other indices. */
static char *moved(
	const struct sketch *s, const struct tile *t, int node, const char *row, const char *column)
{
	const int names[] = { t->row.variable, t->column.variable };
	const char *const by[] = { row, column };

	return loops_substitute_all(s, node, names, by, 2);
}

static bool parts_read(
	struct parts *p, const struct sketch *s, const struct tile *t, const char *r, const char *c)
{
	char row[2 * NAME_BYTES_MAX + 48], column[2 * NAME_BYTES_MAX + 48];

	p->row = loops_text(s, t->row.variable);
	p->column = loops_text(s, t->column.variable);
	p->row_type = loops_text(s, t->row.type);
	p->column_type = loops_text(s, t->column.type);
	p->row_low = loops_text(s, t->row.low);
	p->column_low = loops_text(s, t->column.low);
	p->row_high = loops_text(s, t->row.high);
	p->column_high = loops_text(s, t->column.high);
	p->sum_header = loops_header(s, &t->sum);
	p->place = loops_text(s, t->place);
	p->value = loops_text(s, t->value);
	p->operator = loops_text(s, t->operator);
	snprintf(row, sizeof row, "(%s + %s)", p->row, r);
	snprintf(column, sizeof column, "(%s + %s)", p->column, c);
	p->inner_place = moved(s, t, t->place, row, column);
	p->inner_value = moved(s, t, t->value, row, column);
	p->side_place = moved(s, t, t->place, r, p->column);
	p->side_value = moved(s, t, t->value, r, p->column);
	return p->inner_place != NULL && p->inner_value != NULL && p->side_place != NULL &&
		p->side_value != NULL;
}

static void parts_release(struct parts *p)
{
	char **all = (char **)p;

	for (size_t i = 0; i < sizeof *p / sizeof *all; i++)
		free(all[i]);
}

/* for r, for c over the block. */
static void write_block(struct buffer *out, const struct parts *p, const char *r, const char *c,
	int rows, int columns)
{
	buffer_format(out, "for (%s %s = 0; %s < %d; %s++) for (%s %s = 0; %s < %d; %s++) ",
		p->row_type, r, r, rows, r, p->column_type, c, c, columns, c);
}

static void write_tile(struct buffer *out, const struct parts *p, const struct tile *t,
	const char *array, const char *r, const char *c, int rows, int columns)
{
	buffer_format(out, "{\n\t%s %s = %s;\n\tfor (; %s + %d < %s; %s += %d) {\n", p->row_type,
		p->row, p->row_low, p->row, rows - 1, p->row_high, p->row, rows);
	buffer_format(out, "\t\t%s %s = %s;\n\t\tfor (; %s + %d < %s; %s += %d) {\n",
		p->column_type, p->column, p->column_low, p->column, columns - 1, p->column_high,
		p->column, columns);
	buffer_format(out, "\t\t\t%s %s[%d][%d];\n\t\t\t", t->type, array, rows, columns);
	write_block(out, p, r, c, rows, columns);
	buffer_format(
		out, "%s[%s][%s] = %s;\n\t\t\t%s", array, r, c, p->inner_place, p->sum_header);
	write_block(out, p, r, c, rows, columns);
	buffer_format(out, "%s[%s][%s] %s %s;\n\t\t\t", array, r, c, p->operator, p->inner_value);
	write_block(out, p, r, c, rows, columns);
	buffer_format(out, "%s = %s[%s][%s];\n\t\t}\n", p->inner_place, array, r, c);
	buffer_format(out,
		"\t\tfor (; %s < %s; %s++) for (%s %s = %s; %s < %s + %d; %s++) %s%s %s %s;\n\t}\n",
		p->column, p->column_high, p->column, p->row_type, r, p->row, r, p->row, rows, r,
		p->sum_header, p->side_place, p->operator, p->side_value);
	buffer_format(out,
		"\tfor (; %s < %s; %s++) for (%s %s = %s; %s < %s; %s++) %s%s %s %s;\n\t}", p->row,
		p->row_high, p->row, p->column_type, p->column, p->column_low, p->column,
		p->column_high, p->column, p->sum_header, p->place, p->operator, p->value);
}

static int tiles_register(struct sketch *s)
{
	static const int row_sizes[] = { 2, 4, 8 }, column_sizes[] = { 8, 16, 32, 64 };
	int node = sketch_pick(s, is_tile);
	int rows = row_sizes[random_below(s->random, 3)],
	    columns = column_sizes[random_below(s->random, 4)];
	char array[64], r[64], c[64];
	struct parts parts = { 0 };
	struct buffer text;
	struct tile t;
	int done = 0;

	if (node < 0 || !read_tile(&t, s, node))
		return 0;
	/*
	 * Which of the two runs along memory is not known here: the outer of them mostly does not.
	 */
	if (random_below(s->random, 4) == 0) {
		struct loop swapped = t.row;

		t.row = t.column;
		t.column = swapped;
	}
	loops_fresh_name(array, s, "a1_", 3);
	loops_fresh_name(r, s, "r1_", 3);
	loops_fresh_name(c, s, "c1_", 3);
	buffer_init(&text, TEXT_BYTES_MAX);
	if (parts_read(&parts, s, &t, r, c)) {
		write_tile(&text, &parts, &t, array, r, c, rows, columns);
		if (!text.full) {
			edits_add(&s->edits, s->tree.nodes[node].start, s->tree.nodes[node].end,
				"%s", text.bytes);
			done = 1;
		}
	}
	buffer_release(&text);
	parts_release(&parts);
	return done;
}

const struct operator tiles_operators[] = {
	{ "register tile", { 0, 0, 2, 0.3 }, DOMAIN_WITH_LOOPS | DOMAIN_POINTERS,
		MUTATOR_FLAGS_FIXED, tiles_register },
	{ .name = NULL },
};
