/*
 * literals.c - operators on number literals: single ones moved, made new, tied; or all jittered, as
 * a fresh start for fitting them.
 */
#include "mutators/operator.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "mutators/literal.h"

static enum literal_kind kind_of(const struct sketch *s, int node, double *value)
{
	if (!tree_is(&s->tree, node, TREE_NUMBER_LITERAL) || !scope_is_value(&s->scope, node))
		return LITERAL_OTHER;
	return literal_parse(value, tree_text(&s->tree, node), tree_bytes(&s->tree, node));
}

static bool is_floating(const struct sketch *s, int node)
{
	double value;
	enum literal_kind kind = kind_of(s, node, &value);

	return kind == LITERAL_DOUBLE || kind == LITERAL_FLOAT;
}

static bool is_whole(const struct sketch *s, int node)
{
	double value;

	return kind_of(s, node, &value) == LITERAL_INTEGER && !sketch_in_loop_header(s, node);
}

static void put(struct sketch *s, int node, double value, enum literal_kind kind)
{
	char text[LITERAL_TEXT_MAX];

	literal_write(text, value, kind);
	edits_add(&s->edits, s->tree.nodes[node].start, s->tree.nodes[node].end, "%s", text);
}

static int literals_perturb(struct sketch *s)
{
	int node = sketch_pick(s, is_floating);
	enum literal_kind kind;
	double value = 0;

	if (node < 0)
		return 0;
	kind = kind_of(s, node, &value);
	switch (random_below(s->random, 6)) {
	case 0:  value *= 2; break;
	case 1:  value *= 0.5; break;
	case 2:  value = -value; break;
	case 3:  value += random_normal(s->random); break;
	default: value *= 1 + 0.2 * random_normal(s->random); break;
	}
	if (!isfinite(value))
		return 0;
	put(s, node, value, kind);
	return 1;
}

static int literals_new(struct sketch *s)
{
	static const double round[] = { 0, 1, 2, 0.5, 3, 10 };
	int node = sketch_pick(s, is_floating);
	double value;
	enum literal_kind kind;

	if (node < 0)
		return 0;
	kind = kind_of(s, node, &value);
	value = round[random_below(s->random, sizeof round / sizeof round[0])];
	if (random_below(s->random, 2))
		value = (random_below(s->random, 2) ? 1 : -1) *
			pow(10, 4 * random_unit(s->random) - 2);
	put(s, node, value, kind);
	return 1;
}

static int literals_integer(struct sketch *s)
{
	int node = sketch_pick(s, is_whole);
	double value = 0;
	long long old, now;

	if (node < 0)
		return 0;
	kind_of(s, node, &value);
	if (fabs(value) > 1e9)
		return 0;
	old = (long long)value;
	switch (random_below(s->random, 4)) {
	case 0:  now = old + 1; break;
	case 1:  now = old - 1; break;
	case 2:  now = old * 2; break;
	default: now = old / 2; break;
	}
	if (now == old)
		return 0;
	edits_add(&s->edits, s->tree.nodes[node].start, s->tree.nodes[node].end,
		now < 0 ? "(%lld)" : "%lld", now);
	return 1;
}

/* One literal takes another's value. */
static int literals_tie(struct sketch *s)
{
	int to = sketch_pick(s, is_floating), from = sketch_pick(s, is_floating);
	double value = 0;

	if (to < 0 || tree_same_text(&s->tree, to, from))
		return 0;
	kind_of(s, from, &value);
	put(s, to, value, kind_of(s, to, &(double){ 0 }));
	return 1;
}

/*
 * Every literal a little elsewhere: the same structure, another start for the fit and perhaps a
 * better optimum.
 */
static int literals_jitter(struct sketch *s)
{
	/* Relative steps from 1e-4 (polish) to 0.3 (leave the basin), log-uniform. */
	double step = pow(10, -4 + 3.5 * random_unit(s->random));
	int count = 0;

	for (int i = 0; i < s->tree.count; i++) {
		double value = 0;
		enum literal_kind kind;

		if (!tree_inside(&s->tree, i, (uint32_t)s->region.start, (uint32_t)s->region.end) ||
			!is_floating(s, i))
			continue;
		kind = kind_of(s, i, &value);
		value = value * (1 + step * random_normal(s->random)) +
			(value == 0 ? step * random_normal(s->random) : 0);
		if (isfinite(value)) {
			put(s, i, value, kind);
			count++;
		}
	}
	return count > 0;
}

/*
 * Weights after mutation.md 2a: fitting again from another start has the highest yield of all in
 * numerics.
 */
const struct operator literals_operators[] = {
	{ "literal perturb", { 0.7, 2, 0.1, 1 }, 0, MUTATOR_FLAGS_FIXED, literals_perturb },
	{ "literal new", { 0.3, 0.7, 0, 0.3 }, 0, MUTATOR_FLAGS_FIXED, literals_new },
	{ "literal integer", { 0.1, 0.5, 0.2, 1 }, 0, MUTATOR_FLAGS_FIXED, literals_integer },
	{ "literal tie", { 0.1, 0.3, 0, 0.2 }, 0, MUTATOR_FLAGS_FIXED, literals_tie },
	{ "constants jitter", { 3, 1, 0, 0.5 }, 0, MUTATOR_FLAGS_FIXED, literals_jitter },
	{ .name = NULL },
};
