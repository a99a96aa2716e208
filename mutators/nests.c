/*
 * nests.c - operators on loop nests: interchange, strip-mining with lift (tiling), distribution
 * with interchange, unroll and jam.
 *
 * Headers are only moved where every name in them stays declared. Whether the order of the work may
 * change is not decided here: the evaluator checks every result, so an illegal interchange is a
 * wrong answer, not a danger.
 */
#include "mutators/operator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "mutators/loops.h"

#define BODY_BYTES_MAX (64u << 10)

static bool starts_nest(const struct sketch *s, int node)
{
	struct loop nest[LOOPS_NEST_MAX];

	return tree_is(&s->tree, node, TREE_FOR_STATEMENT) && loops_nest(nest, s, node) >= 2;
}

/*
 * May the headers of levels a < b change places? Neither may run before a variable that it reads.
 */
static bool may_swap(const struct sketch *s, const struct loop *nest, int a, int b)
{
	for (int i = a; i < b; i++)
		if (loops_header_mentions(s, &nest[b], nest[i].variable))
			return false;
	for (int i = a + 1; i < b; i++)
		if (loops_header_mentions(s, &nest[i], nest[a].variable))
			return false;
	return !loops_header_mentions(s, &nest[a], nest[b].variable);
}

static int nests_interchange(struct sketch *s)
{
	struct loop nest[LOOPS_NEST_MAX];
	int node = sketch_pick(s, starts_nest);
	int count, a, b;
	char *outer, *inner;

	if (node < 0)
		return 0;
	count = loops_nest(nest, s, node);
	a = (int)random_below(s->random, (uint64_t)count - 1);
	b = a + 1 + (int)random_below(s->random, (uint64_t)(count - a - 1));
	if (!may_swap(s, nest, a, b))
		return 0;
	outer = loops_header(s, &nest[a]);
	inner = loops_header(s, &nest[b]);
	edits_add(&s->edits, s->tree.nodes[nest[a].node].start, s->tree.nodes[nest[a].body].start,
		"%s", inner);
	edits_add(&s->edits, s->tree.nodes[nest[b].node].start, s->tree.nodes[nest[b].body].start,
		"%s", outer);
	free(outer);
	free(inner);
	return 1;
}

static bool is_counted(const struct sketch *s, int node)
{
	struct loop l;

	return loops_read(&l, s, node) && l.counted;
}

/*
 * Up to `levels` loops out of the nest that the loop closes, as long as its bounds do not depend on
 * them.
 */
static int lifted(const struct sketch *s, const struct loop *l, int levels)
{
	int at = l->node;

	for (int p = s->tree.nodes[at].parent; levels > 0 && p >= 0; p = s->tree.nodes[p].parent) {
		struct loop outer;

		if (tree_is(&s->tree, p, TREE_COMPOUND_STATEMENT))
			continue;
		if (!loops_read(&outer, s, p) || loops_mentions(s, l->low, outer.variable) ||
			loops_mentions(s, l->high, outer.variable) ||
			loops_only_statement(s, outer.body) != at)
			break;
		at = p;
		levels--;
	}
	return at;
}

/*
 * for (T v = low; v < high; v++) becomes for (T v_t32 = low; v_t32 < high; v_t32 += 32), moved
 * outwards, and for (T v = v_t32; v < (high - v_t32 > 32 ? v_t32 + 32 : high); v++): high - v_t32
 * is positive there, so unsigned types do not wrap.
 */
static int nests_tile(struct sketch *s)
{
	static const int sizes[] = { 4, 8, 16, 32, 64, 128 };
	int node = sketch_pick(s, is_counted);
	int size = sizes[random_below(s->random, 6)], at;
	char base[64], tile[64];
	char *type, *low, *high;
	struct loop l;

	if (node < 0 || !loops_read(&l, s, node))
		return 0;
	at = lifted(s, &l, (int)random_below(s->random, 3));
	snprintf(base, sizeof base, "%.*s_t%d",
		(int)(tree_bytes(&s->tree, l.variable) < 40 ? tree_bytes(&s->tree, l.variable)
							    : 40),
		tree_text(&s->tree, l.variable), size);
	loops_fresh_name(tile, s, base, (int)strlen(base));
	type = loops_text(s, l.type);
	low = loops_text(s, l.low);
	high = loops_text(s, l.high);
	edits_add(&s->edits, s->tree.nodes[at].start, s->tree.nodes[at].start,
		"for (%s %s = %s; %s < %s; %s += %d)\n\t\t", type, tile, low, tile, high, tile,
		size);
	edits_add(&s->edits, s->tree.nodes[l.low].start, s->tree.nodes[l.low].end, "%s", tile);
	edits_add(&s->edits, s->tree.nodes[l.high].start, s->tree.nodes[l.high].end,
		"((%s) - %s > %d ? %s + %d : (%s))", high, tile, size, tile, size, high);
	free(type);
	free(low);
	free(high);
	return 1;
}

/* The inner loops that are statements of a loop's block. */
static int inner_loop(const struct sketch *s, const struct loop *l)
{
	uint64_t seen = 0;
	int pick = -1;

	for (int c = tree_first(&s->tree, l->body); c >= 0; c = s->tree.nodes[c].next)
		if (tree_is(&s->tree, c, TREE_FOR_STATEMENT) &&
			random_below(s->random, ++seen) == 0)
			pick = c;
	return pick;
}

static bool has_inner_loop(const struct sketch *s, int node)
{
	struct loop l;

	if (!loops_read(&l, s, node) || !tree_is(&s->tree, l.body, TREE_COMPOUND_STATEMENT) ||
		tree_named_count(&s->tree, l.body) < 2)
		return false;
	for (int c = tree_first(&s->tree, l.body); c >= 0; c = s->tree.nodes[c].next)
		if (tree_is(&s->tree, c, TREE_FOR_STATEMENT))
			return true;
	return false;
}

/* Names declared in the block itself would be lost to the other halves. */
static bool declares_directly(const struct sketch *s, int block)
{
	for (int c = tree_first(&s->tree, block); c >= 0; c = s->tree.nodes[c].next)
		if (tree_is(&s->tree, c, TREE_DECLARATION))
			return true;
	return false;
}

/* `for i { part } ` for the statements in [start, end) of the outer block; nothing for none. */
static void write_part(struct buffer *out, const struct sketch *s, const struct loop *outer,
	uint32_t start, uint32_t end)
{
	const struct tree *t = &s->tree;
	bool any = false;
	char *header;

	for (int c = tree_first(t, outer->body); c >= 0; c = t->nodes[c].next)
		any |= t->nodes[c].named && !tree_is(t, c, TREE_COMMENT) &&
			!tree_is(t, c, TREE_PREPROC_CALL) && tree_inside(t, c, start, end);
	if (!any)
		return;
	header = loops_header(s, outer);
	buffer_format(out, "%s{ %.*s }\n\t", header, (int)(end - start), t->text + start);
	free(header);
}

/*
 * for i { A; for k B; C } becomes for i { A } for k for i B  for i { C }: distribution and
 * interchange at once, as neither alone is faster.
 */
static int nests_distribute(struct sketch *s)
{
	int node = sketch_pick(s, has_inner_loop), done;
	const struct tree *t = &s->tree;
	struct loop outer, inner;
	struct buffer text;

	if (node < 0 || !loops_read(&outer, s, node) ||
		!loops_read(&inner, s, inner_loop(s, &outer)))
		return 0;
	if (declares_directly(s, outer.body) || loops_header_mentions(s, &inner, outer.variable))
		return 0;
	buffer_init(&text, BODY_BYTES_MAX);
	buffer_add_text(&text, "{ ");
	write_part(&text, s, &outer, t->nodes[outer.body].start + 1, t->nodes[inner.node].start);
	buffer_add(&text, tree_text(t, inner.node),
		t->nodes[inner.body].start - t->nodes[inner.node].start);
	buffer_add(&text, tree_text(t, outer.node),
		t->nodes[outer.body].start - t->nodes[outer.node].start);
	sketch_copy(&text, s, inner.body);
	buffer_add_text(&text, "\n\t");
	write_part(&text, s, &outer, t->nodes[inner.node].end, t->nodes[outer.body].end - 1);
	buffer_add_text(&text, "}");
	done = !text.full;
	if (done)
		edits_add(&s->edits, t->nodes[node].start, t->nodes[node].end, "%s", text.bytes);
	buffer_release(&text);
	return done;
}

/*
 * Bodies of the innermost loop for v, v + 1, ..., each in a block of its own, so that their locals
 * do not meet.
 */
static char *jammed_body(const struct sketch *s, const struct loop *outer, int body, int copies)
{
	char *variable = loops_text(s, outer->variable);
	struct buffer out;
	char *made = NULL;

	buffer_init(&out, BODY_BYTES_MAX);
	for (int i = 0; i < copies; i++) {
		char by[96];
		char *copy;

		snprintf(by, sizeof by, i ? "(%s + %d)" : "%s", variable, i);
		copy = loops_substitute(s, body, outer->variable, by);
		if (copy == NULL)
			goto out;
		buffer_format(&out, "\n\t\t{ %s }", copy);
		free(copy);
	}
	made = out.full ? NULL : buffer_take(&out);
out:
	free(variable);
	buffer_release(&out);
	return made;
}

static char *inner_headers(const struct sketch *s, const struct loop *nest, int count)
{
	struct buffer all;
	char *text;

	buffer_init(&all, BODY_BYTES_MAX);
	for (int i = 1; i < count; i++) {
		char *one = loops_header(s, &nest[i]);

		buffer_add_text(&all, one);
		free(one);
	}
	text = buffer_take(&all);
	buffer_release(&all);
	return text;
}

/*
 * Unroll and jam: for v { nest B(v) } becomes { T v = low; for (; v + 3 < high; v += 4) nest { B(v)
 * B(v+1) B(v+2) B(v+3) } for (; v < high; v++) nest B(v) }. The inner headers must not depend on v.
 */
static int nests_jam(struct sketch *s)
{
	static const int factors[] = { 2, 4, 8 };
	struct loop nest[LOOPS_NEST_MAX];
	int node = sketch_pick(s, starts_nest);
	int count, factor = factors[random_below(s->random, 3)];
	char *jammed, *rest, *headers, *type, *variable, *low, *high;
	const struct tree *t = &s->tree;

	if (node < 0)
		return 0;
	count = loops_nest(nest, s, node);
	for (int i = 1; i < count; i++)
		if (!nest[0].counted || loops_header_mentions(s, &nest[i], nest[0].variable))
			return 0;
	if (tree_bytes(t, nest[0].variable) > 48 ||
		loops_mentions(s, nest[0].low, nest[0].variable))
		return 0;
	jammed = jammed_body(s, &nest[0], nest[count - 1].body, factor);
	if (jammed == NULL)
		return 0;
	headers = inner_headers(s, nest, count);
	rest = loops_text(s, nest[0].body);
	type = loops_text(s, nest[0].type);
	variable = loops_text(s, nest[0].variable);
	low = loops_text(s, nest[0].low);
	high = loops_text(s, nest[0].high);
	edits_add(&s->edits, t->nodes[node].start, t->nodes[node].end,
		"{\n\t%s %s = %s;\n\tfor (; %s + %d < %s; %s += %d)\n\t%s{%s\n\t}\n\tfor (; %s < "
		"%s; %s++)\n\t%s\n\t}",
		type, variable, low, variable, factor - 1, high, variable, factor, headers, jammed,
		variable, high, variable, rest);
	free(jammed);
	free(headers);
	free(rest);
	free(type);
	free(variable);
	free(low);
	free(high);
	return 1;
}

/*
 * Weights after mutation.md 2b: interchange is right half of the time and the largest single gain.
 */
const struct operator nests_operators[] = {
	{ "loop interchange", { 0, 0, 5, 1 }, DOMAIN_WITH_LOOPS, MUTATOR_FLAGS_FIXED,
		nests_interchange },
	{ "loop tile", { 0, 0, 2.5, 0.5 }, DOMAIN_WITH_LOOPS | DOMAIN_BRANCHES, MUTATOR_FLAGS_FIXED,
		nests_tile },
	{ "loop distribute", { 0, 0, 1.5, 0.5 }, DOMAIN_WITH_LOOPS, MUTATOR_FLAGS_FIXED,
		nests_distribute },
	{ "loop jam", { 0, 0, 1.5, 0.3 }, DOMAIN_WITH_LOOPS, MUTATOR_FLAGS_FIXED, nests_jam },
	{ .name = NULL },
};
