#include "mutators/terms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "mutators/literal.h"

static bool suits(struct scope_type wanted, struct scope_type have)
{
	if (scope_is_floating(wanted))
		return scope_is_arithmetic(have);
	return scope_is_integer(wanted) && scope_is_integer(have);
}

void terms_write_literal(struct buffer *out, const struct sketch *s, struct scope_type wanted)
{
	static const double round[] = { 1, 2, 0.5, 3, 0.25, 10, 0.1 };
	char text[LITERAL_TEXT_MAX];
	double value;

	if (scope_is_integer(wanted)) {
		buffer_format(out, "%d", (int)random_below(s->random, 5));
		return;
	}
	value = round[random_below(s->random, sizeof round / sizeof round[0])];
	if (random_below(s->random, 2) == 0) {
		/*
		 * Two significant digits, log-uniform over four decades: enough to start from,
		 * short enough to read.
		 */
		char digits[32];

		snprintf(digits, sizeof digits, "%.2g", pow(10, 4 * random_unit(s->random) - 2));
		value = strtod(digits, NULL);
	}
	literal_write(text, value, wanted.base == SCOPE_FLOAT ? LITERAL_FLOAT : LITERAL_DOUBLE);
	buffer_add_text(out, text);
}

struct scope_type terms_write(
	struct buffer *out, const struct sketch *s, struct scope_type wanted, uint32_t at)
{
	const struct mutator_domain *d = s->domain;
	struct scope_type type = wanted;
	int terminal = -1, binding = -1;
	uint64_t seen = 0;

	for (int i = 0; i < d->terminal_count; i++) {
		struct scope_type have = scope_type_of_text(d->terminals[i].type);

		if (suits(wanted, have) && scope_sees_terminal(&s->scope, &d->terminals[i], at) &&
			random_below(s->random, ++seen) == 0) {
			terminal = i;
			type = have;
		}
	}
	for (int i = 0; i < s->scope.count; i++) {
		const struct scope_binding *b = &s->scope.bindings[i];

		if (b->function || !b->has_value || !suits(wanted, b->type) || at < b->from ||
			at >= b->to)
			continue;
		if (scope_find(&s->scope, tree_text(&s->tree, b->name),
			    tree_bytes(&s->tree, b->name), at) != i)
			continue;                /* shadowed here */
		if (random_below(s->random, ++seen) == 0) {
			binding = i;
			type = b->type;
		}
	}
	if (seen == 0 || random_below(s->random, 6) == 0) {
		terms_write_literal(out, s, wanted);
		return wanted;
	}
	if (binding >= 0)
		sketch_copy(out, s, s->scope.bindings[binding].name);
	else
		buffer_add_text(out, d->terminals[terminal].text);
	return type;
}

char terms_operator(const struct sketch *s, struct scope_type a, struct scope_type b)
{
	bool whole = scope_is_integer(a) && scope_is_integer(b);

	/*
	 * Ratios are what rules are mostly made of, so floating values get division twice as often
	 * as each of the others.
	 */
	return "+-*//"[random_below(s->random, whole ? 3 : 5)];
}
