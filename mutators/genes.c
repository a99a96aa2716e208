/*
 * genes.c - operators on what the compiler is told: attributes, restrict, and flags beside the
 * text.
 *
 * A choice replaces the one of its group; nothing is stacked, so token identity stays honest. Every
 * text is fixed here: no flag is ever made up. Value-changing mathematics (-ffast-math) is offered
 * only where the policy is free; nothing here needs a CPU feature that -march did not give.
 */
#include "mutators/operator.h"

#include <string.h>

#include "base/random.h"

/* ---- attributes ---- */

static const char *const optimize_values[] = {
	"O3",
	"O2",
	"O3,unroll-loops",
	"O2,no-tree-vectorize",
	"O3,no-math-errno,no-trapping-math",
	"O3,no-signed-zeros,no-math-errno",
};
static const char *const free_optimize_values[] = { "O3,fast-math", "O3,fast-math,unroll-loops",
	"O3,associative-math,no-signed-zeros,no-trapping-math" };
static const char *const target_values[] = { "prefer-vector-width=512", "prefer-vector-width=256",
	"prefer-vector-width=128", "tune=generic" };

static bool is_function(const struct sketch *s, int node)
{
	return tree_is(&s->tree, node, TREE_FUNCTION_DEFINITION);
}

/* Is there __attribute__((name("..."))) on the function? Its specifier, -1: no. */
static int attribute_of(const struct sketch *s, int function, const char *name)
{
	const struct tree *t = &s->tree;

	for (int i = function; i < t->nodes[function].last; i++) {
		if (tree_is(t, i, TREE_COMPOUND_STATEMENT))
			break;
		if (!tree_is(t, i, TREE_ATTRIBUTE_SPECIFIER))
			continue;
		for (int k = i; k < t->nodes[i].last; k++)
			if (tree_is(t, k, TREE_IDENTIFIER) && tree_text_is(t, k, name))
				return i;
	}
	return -1;
}

static int put_attribute(struct sketch *s, const char *name, const char *value)
{
	int function = sketch_pick(s, is_function);
	int old;

	if (function < 0)
		return 0;
	old = attribute_of(s, function, name);
	if (old >= 0 && random_below(s->random, 4) == 0)
		edits_add(&s->edits, s->tree.nodes[old].start, s->tree.nodes[old].end, "%s", "");
	else if (old >= 0)
		edits_add(&s->edits, s->tree.nodes[old].start, s->tree.nodes[old].end,
			"__attribute__((%s(\"%s\")))", name, value);
	else
		edits_add(&s->edits, s->tree.nodes[function].start, s->tree.nodes[function].start,
			"__attribute__((%s(\"%s\")))\n", name, value);
	return 1;
}

static int genes_optimize(struct sketch *s)
{
	size_t plain = sizeof optimize_values / sizeof optimize_values[0];
	size_t all = plain +
		(s->domain->flags == MUTATOR_FLAGS_FREE
				? sizeof free_optimize_values / sizeof free_optimize_values[0]
				: 0);
	size_t pick = random_below(s->random, all);

	return put_attribute(s, "optimize",
		pick < plain ? optimize_values[pick] : free_optimize_values[pick - plain]);
}

static int genes_target(struct sketch *s)
{
	return put_attribute(s, "target",
		target_values[random_below(
			s->random, sizeof target_values / sizeof target_values[0])]);
}

/* ---- restrict ---- */

static bool is_pointer_parameter(const struct sketch *s, int node)
{
	const struct tree *t = &s->tree;
	int list = t->nodes[node].parent;

	/* T *p of the function itself: parameter_declaration > pointer_declarator > identifier */
	if (!tree_is(t, node, TREE_PARAMETER_DECLARATION) ||
		tree_enclosing(t, list, TREE_FUNCTION_DEFINITION) < 0 ||
		tree_enclosing(t, list, TREE_COMPOUND_STATEMENT) >= 0 ||
		tree_enclosing(t, list, TREE_PARAMETER_LIST) >= 0)
		return false;
	node = tree_child(t, node, TREE_FIELD_DECLARATOR);
	return tree_is(t, node, TREE_POINTER_DECLARATOR) &&
		tree_is(t, tree_child(t, node, TREE_FIELD_DECLARATOR), TREE_IDENTIFIER);
}

/* The restrict of a pointer declarator, -1: none. */
static int restrict_of(const struct tree *t, int declarator)
{
	for (int c = tree_first(t, declarator); c >= 0; c = t->nodes[c].next)
		if (tree_is(t, c, TREE_TYPE_QUALIFIER) &&
			(tree_text_is(t, c, "restrict") || tree_text_is(t, c, "__restrict")))
			return c;
	return -1;
}

/* All pointer parameters of the region get restrict, or, once all have it, lose it. */
static int genes_restrict(struct sketch *s)
{
	const struct tree *t = &s->tree;
	int added = 0;

	for (int i = 0; i < t->count; i++) {
		int declarator;

		if (!tree_inside(t, i, (uint32_t)s->region.start, (uint32_t)s->region.end) ||
			!is_pointer_parameter(s, i))
			continue;
		declarator = tree_child(t, i, TREE_FIELD_DECLARATOR);
		if (restrict_of(t, declarator) >= 0)
			continue;
		edits_add(&s->edits, t->nodes[declarator].start + 1, t->nodes[declarator].start + 1,
			"restrict ");
		added++;
	}
	return added > 0;
}

/* ---- flags ---- */

/*
 * A later choice of a group replaces an earlier one. The texts are what the compiler's command line
 * gets, nothing else ever is.
 */
static const struct flag {
	const char *text;
	int group;
} flags[] = {
	{ "-O1", 0 },
	{ "-O2", 0 },
	{ "-O3", 0 },
	{ "-Os", 0 },
	{ "-funroll-loops", 1 },
	{ "-fno-unroll-loops", 1 },
	{ "-fno-tree-vectorize", 2 },
	{ "-ftree-vectorize", 2 },
	{ "-ffast-math", 3 },
	{ "-fassociative-math", 3 },
	{ "-fno-math-errno", 3 },
	{ "-fno-trapping-math", 3 },
	{ "-mprefer-vector-width=512", 4 },
	{ "-mprefer-vector-width=256", 4 },
	{ "-mprefer-vector-width=128", 4 },
	{ "-fno-tree-slp-vectorize", 5 },
	{ "-fvect-cost-model=unlimited", 6 },
	{ "-fvect-cost-model=dynamic", 6 },
	{ "-fvect-cost-model=cheap", 6 },
	{ "-ffp-contract=off", 7 },
	{ "-ffp-contract=fast", 7 },
	{ "-fno-strict-aliasing", 8 },
	{ "-fprefetch-loop-arrays", 10 },
	{ "-fsplit-loops", 11 },
	{ "-ftree-loop-distribution", 12 },
	{ "-fno-tree-loop-distribute-patterns", 13 },
	{ "-funsafe-math-optimizations", 3 },
};
#define FLAG_COUNT ((int)(sizeof flags / sizeof flags[0]))

static int group_of(const char *text)
{
	for (int i = 0; i < FLAG_COUNT; i++)
		if (strcmp(flags[i].text, text) == 0)
			return flags[i].group;
	return -1;
}

static int flag_count(const struct sketch *s)
{
	int n = 0;

	while (s->flags[n] != NULL)
		n++;
	return n;
}

static void drop_flag(struct sketch *s, int at)
{
	do
		s->flags[at] = s->flags[at + 1];
	while (s->flags[at++] != NULL);
}

static int genes_flag(struct sketch *s)
{
	const struct flag *f = &flags[random_below(s->random, FLAG_COUNT)];
	int count = flag_count(s);

	if (count > 0 && random_below(s->random, 3) == 0) {
		drop_flag(s, (int)random_below(s->random, (uint64_t)count));
		return 1;
	}
	for (int i = 0; i < count; i++)
		if (group_of(s->flags[i]) == f->group) {
			s->flags[i] = f->text;
			return 1;
		}
	if (count == MUTATOR_FLAGS_MAX)
		return 0;
	s->flags[count] = f->text;
	s->flags[count + 1] = NULL;
	return 1;
}

const struct operator genes_operators[] = {
	{ "optimize attribute", { 0, 0, 1, 0.3 }, DOMAIN_PRAGMAS, MUTATOR_FLAGS_ATTRIBUTES,
		genes_optimize },
	{ "target attribute", { 0, 0, 0.7, 0.2 }, DOMAIN_PRAGMAS, MUTATOR_FLAGS_ATTRIBUTES,
		genes_target },
	{ "restrict", { 0, 0, 0.7, 0.2 }, DOMAIN_PRAGMAS | DOMAIN_POINTERS,
		MUTATOR_FLAGS_ATTRIBUTES, genes_restrict },
	{ "flag", { 0, 0, 1.5, 0.5 }, 0, MUTATOR_FLAGS_FREE, genes_flag },
	{ .name = NULL },
};
