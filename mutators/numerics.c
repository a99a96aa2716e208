/*
 * numerics.c - operators on straight-line floating code, as a graph: insert, remove, rewire,
 * square, graft.
 *
 * After AutoNumerics-Zero (arXiv:2312.08472): every change is followed by fitting the constants, so
 * new constants start where the value hardly changes (v + 0, v * 1) or at random, half each. A
 * change that tidies away leaves the old shape and counts as none.
 */
#include "mutators/operator.h"

#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "base/random.h"
#include "mutators/lifter.h"
#include "mutators/straight.h"

#define BODY_BYTES_MAX (64u << 10)
#define TRIES 20 /* draws of one operator before it says that there is nothing to change */

typedef bool change_fn(struct straight *p, const struct sketch *s);

static double random_constant(struct random *r)
{
	static const double round[] = { 1, 2, 0.5, -1, 3, 4 };

	if (random_below(r, 3) == 0)
		return round[random_below(r, sizeof round / sizeof round[0])];
	/* Log-uniform over four decades, either sign. */
	return (random_below(r, 2) ? 1 : -1) * pow(10, 4 * random_unit(r) - 2);
}

static int random_op(const struct straight *p, struct random *r)
{
	return (int)random_below(r, (uint64_t)p->count);
}

/* An op with operands, -1: there is none. */
static int random_arithmetic(const struct straight *p, struct random *r)
{
	int pick = -1, seen = 0;

	for (int i = 0; i < p->count; i++)
		if (straight_is_arithmetic(&p->ops[i]) && random_below(r, (uint64_t)++seen) == 0)
			pick = i;
	return pick;
}

static int random_input(struct straight *p, const struct sketch *s)
{
	int pick = -1, seen = 0;

	for (int i = 0; i < s->domain->terminal_count; i++) {
		const struct mutator_terminal *t = &s->domain->terminals[i];

		if (scope_is_floating(scope_type_of_text(t->type)) &&
			scope_sees_terminal(&s->scope, t, s->tree.nodes[p->body].start + 1) &&
			random_below(s->random, (uint64_t)++seen) == 0)
			pick = i;
	}
	if (pick >= 0)
		return straight_input(p, s->domain->terminals[pick].text,
			strlen(s->domain->terminals[pick].text));
	for (int i = 0; i < p->count; i++)
		if (p->ops[i].kind == STRAIGHT_INPUT &&
			random_below(s->random, (uint64_t)++seen) == 0)
			pick = i;
	return pick;
}

/* Something to compute with: a new constant, an input, or a value that is there. */
static int random_operand(struct straight *p, const struct sketch *s, double constant)
{
	switch (random_below(s->random, 5)) {
	case 0: case 1: return straight_constant(p, constant);
	case 2:         return random_input(p, s);
	default:        return random_op(p, s->random);
	}
}

static enum straight_kind random_kind(struct random *r)
{
	static const enum straight_kind kinds[] = { STRAIGHT_ADD, STRAIGHT_SUBTRACT,
		STRAIGHT_MULTIPLY, STRAIGHT_DIVIDE };

	return kinds[random_below(r, 4)];
}

/*
 * Put `by` where ops [0, limit) used `of`, in one place or in all; what is above is the change
 * itself and keeps reading `of`.
 */
static void substitute(struct straight *p, int of, int by, int limit, bool all, struct random *r)
{
	int places[STRAIGHT_OPS_MAX * STRAIGHT_ARGUMENTS_MAX][2], count = 0;
	int pick;

	if (all || p->result == of) {
		straight_replace_uses(p, of, by, limit);
		return;
	}
	for (int i = 0; i < limit; i++)
		for (int k = 0; k < p->ops[i].argument_count; k++)
			if (p->ops[i].arguments[k] == of) {
				places[count][0] = i;
				places[count++][1] = k;
			}
	if (count == 0)
		return;
	pick = (int)random_below(r, (uint64_t)count);
	p->ops[places[pick][0]].arguments[places[pick][1]] = (int16_t)by;
}

static bool insert_op(struct straight *p, const struct sketch *s)
{
	struct random *r = s->random;
	int limit = p->count;
	enum straight_kind kind = random_kind(r);
	bool product = kind == STRAIGHT_MULTIPLY || kind == STRAIGHT_DIVIDE;
	bool gentle = random_below(r, 2) == 0;
	int value = random_op(p, r);
	int other = random_operand(
		p, s, gentle ? product + 1e-3 * random_normal(r) : random_constant(r));
	bool front = !gentle && (kind == STRAIGHT_SUBTRACT || kind == STRAIGHT_DIVIDE) &&
		random_below(r, 2) == 0;
	int op = front ? straight_operation(p, kind, other, value)
		       : straight_operation(p, kind, value, other);

	if (op < 0)
		return false;
	substitute(p, value, op, limit, random_below(r, 3) == 0, r);
	return true;
}

static bool remove_op(struct straight *p, const struct sketch *s)
{
	int op = random_arithmetic(p, s->random);

	if (op < 0)
		return false;
	straight_replace_uses(p, op,
		p->ops[op].arguments[random_below(s->random, p->ops[op].argument_count)], p->count);
	return true;
}

static bool rewire_operand(struct straight *p, const struct sketch *s)
{
	int op = random_arithmetic(p, s->random);
	int other;

	if (op < 0)
		return false;
	other = random_operand(p, s, random_constant(s->random));
	if (other < 0 || straight_depends(p, other, op))
		return false;
	p->ops[op].arguments[random_below(s->random, p->ops[op].argument_count)] = (int16_t)other;
	return true;
}

static bool change_op(struct straight *p, const struct sketch *s)
{
	int op = random_arithmetic(p, s->random);

	if (op < 0 || p->ops[op].argument_count != 2 || p->ops[op].kind == STRAIGHT_CALL)
		return false;
	p->ops[op].kind = (uint8_t)random_kind(s->random);
	return true;
}

static bool exchange_operands(struct straight *p, const struct sketch *s)
{
	int op = random_arithmetic(p, s->random);
	int16_t first;

	if (op < 0 || (p->ops[op].kind != STRAIGHT_SUBTRACT && p->ops[op].kind != STRAIGHT_DIVIDE))
		return false;
	first = p->ops[op].arguments[0];
	p->ops[op].arguments[0] = p->ops[op].arguments[1];
	p->ops[op].arguments[1] = first;
	return true;
}

/* Range reduction by squaring: what is under the square has half the logarithm to follow. */
static bool square_value(struct straight *p, const struct sketch *s)
{
	int limit = p->count;
	int value = random_below(s->random, 5) < 3 ? p->result : random_op(p, s->random);
	int op = straight_operation(p, STRAIGHT_MULTIPLY, value, value);

	if (op < 0)
		return false;
	straight_replace_uses(p, value, op, limit);
	return true;
}

static bool reciprocal(struct straight *p, const struct sketch *s)
{
	int limit = p->count;
	int value = random_op(p, s->random);
	int op = straight_operation(
		p, STRAIGHT_DIVIDE, straight_constant(p, random_constant(s->random)), value);

	if (op < 0)
		return false;
	substitute(p, value, op, limit, random_below(s->random, 2) == 0, s->random);
	return true;
}

/* One step of a continued fraction: v becomes v + c / w. */
static bool insert_fraction(struct straight *p, const struct sketch *s)
{
	int limit = p->count;
	int value = random_op(p, s->random), under = random_op(p, s->random);
	double c = random_below(s->random, 2) ? random_constant(s->random)
					      : 1e-3 * random_normal(s->random);
	int op = straight_operation(p, STRAIGHT_ADD, value,
		straight_operation(p, STRAIGHT_DIVIDE, straight_constant(p, c), under));

	if (op < 0)
		return false;
	substitute(p, value, op, limit, random_below(s->random, 2) == 0, s->random);
	return true;
}

static bool is_constant_sum(const struct straight *p, int op)
{
	return p->ops[op].kind == STRAIGHT_ADD &&
		p->ops[p->ops[op].arguments[1]].kind == STRAIGHT_CONSTANT;
}

/*
 * Horner's rule to Estrin's: (t * x + a) * x + b becomes t * (x * x) + (a * x + b). One operation
 * more, a shorter chain, and x * x to share; where no such pair is, (u op v) op w becomes u op (v
 * op w).
 */
static bool regroup(struct straight *p, const struct sketch *s)
{
	int limit = p->count;
	int op = random_arithmetic(p, s->random);
	const struct straight_op *top, *inner;

	if (op < 0 || p->ops[op].kind == STRAIGHT_CALL || p->ops[op].argument_count != 2)
		return false;
	top = &p->ops[op];
	inner = &p->ops[top->arguments[0]];
	if (is_constant_sum(p, op) && inner->kind == STRAIGHT_MULTIPLY) {
		for (int k = 0; k < 2; k++) {
			int step = inner->arguments[k], x = inner->arguments[1 - k],
			    product = p->ops[step].arguments[0];
			int t, square, low;

			if (p->ops[step].argument_count == 0 || !is_constant_sum(p, step) ||
				p->ops[product].kind != STRAIGHT_MULTIPLY)
				continue;
			if (p->ops[product].arguments[0] != x && p->ops[product].arguments[1] != x)
				continue;
			t = p->ops[product].arguments[p->ops[product].arguments[0] == x];
			square = straight_operation(p, STRAIGHT_MULTIPLY, x, x);
			low = straight_operation(p, STRAIGHT_ADD,
				straight_operation(
					p, STRAIGHT_MULTIPLY, x, p->ops[step].arguments[1]),
				top->arguments[1]);
			t = straight_operation(p, STRAIGHT_ADD,
				straight_operation(p, STRAIGHT_MULTIPLY, t, square), low);
			if (t < 0)
				return false;
			straight_replace_uses(p, op, t, limit);
			return true;
		}
	}
	if (inner->kind == top->kind &&
		(top->kind == STRAIGHT_ADD || top->kind == STRAIGHT_MULTIPLY)) {
		int u = inner->arguments[0];
		int rest = straight_operation(p, top->kind, inner->arguments[1], top->arguments[1]);

		if (rest < 0)
			return false;
		p->ops[op].arguments[0] = (int16_t)u;
		p->ops[op].arguments[1] = (int16_t)rest;
		return true;
	}
	return false;
}

/*
 * Two constants become one value, or one value used twice becomes two: fewer or more degrees of
 * freedom for the same operations.
 */
static bool tie_constants(struct straight *p, const struct sketch *s)
{
	int limit = p->count;
	int first = random_op(p, s->random), second = random_op(p, s->random);

	if (p->ops[first].kind != STRAIGHT_CONSTANT)
		return false;
	if (second != first && p->ops[second].kind == STRAIGHT_CONSTANT)
		straight_replace_uses(p, first, second, limit);
	else
		substitute(p, first, straight_constant(p, p->ops[first].value), limit, false,
			s->random);
	return true;
}

/* Copy op `from` of another graph with all that it needs; -1 when it does not fit. */
static int graft_op(struct straight *p, const struct straight *from, int root)
{
	int16_t copies[STRAIGHT_OPS_MAX];

	/*
	 * Tidy graphs have operands before users: one pass copies everything up to the root;
	 * tidying drops what it does not need.
	 */
	for (int i = 0; i <= root; i++) {
		struct straight_op op = from->ops[i];
		int at;

		for (int k = 0; k < op.argument_count; k++)
			op.arguments[k] = copies[op.arguments[k]];
		if (op.kind == STRAIGHT_INPUT) {
			at = straight_input(p, from->names[op.name], strlen(from->names[op.name]));
		} else {
			if (op.kind == STRAIGHT_CALL)
				op.name = (int16_t)straight_name(
					p, from->names[op.name], strlen(from->names[op.name]));
			at = op.name < 0 ? -1 : straight_add(p, op);
		}
		if (at < 0)
			return -1;
		copies[i] = (int16_t)at;
	}
	return copies[root];
}

static bool crossover(struct straight *p, const struct sketch *s)
{
	struct straight other;
	int limit = p->count;
	int value = random_op(p, s->random), graft;

	if (s->mate == NULL || lifter_read(&other, s->mate) != 1 ||
		strcmp(other.type, p->type) != 0)
		return false;
	graft = graft_op(p, &other, random_op(&other, s->random));
	if (graft < 0)
		return false;
	substitute(p, value, graft, limit, random_below(s->random, 2) == 0, s->random);
	return true;
}

/* Lift, change until the shape is another one, write back. */
static int apply_change(struct sketch *s, change_fn *change)
{
	struct straight before, after;
	struct buffer body;
	bool changed = false;

	if (lifter_read(&before, s) != 1)
		return 0;
	for (int i = 0; i < TRIES && !changed; i++) {
		after = before;
		changed = change(&after, s) && straight_tidy(&after) &&
			!straight_same_shape(&before, &after);
	}
	if (!changed)
		return 0;
	buffer_init(&body, BODY_BYTES_MAX);
	straight_write(&body, &after);
	if (!body.full)
		edits_add(&s->edits, s->tree.nodes[after.body].start, s->tree.nodes[after.body].end,
			"%s", body.bytes);
	changed = !body.full;
	buffer_release(&body);
	return changed;
}

static int numerics_insert(struct sketch *s)     { return apply_change(s, insert_op); }
static int numerics_remove(struct sketch *s)     { return apply_change(s, remove_op); }
static int numerics_rewire(struct sketch *s)     { return apply_change(s, rewire_operand); }
static int numerics_change(struct sketch *s)     { return apply_change(s, change_op); }
static int numerics_swap(struct sketch *s)       { return apply_change(s, exchange_operands); }
static int numerics_square(struct sketch *s)     { return apply_change(s, square_value); }
static int numerics_reciprocal(struct sketch *s) { return apply_change(s, reciprocal); }
static int numerics_fraction(struct sketch *s)   { return apply_change(s, insert_fraction); }
static int numerics_regroup(struct sketch *s)    { return apply_change(s, regroup); }
static int numerics_tie(struct sketch *s)        { return apply_change(s, tie_constants); }

static int numerics_crossover(struct sketch *s)
{
	s->used_mate = apply_change(s, crossover) == 1;
	return s->used_mate;
}

/*
 * Weights after the yields of mutation.md 2a; removal weighs more than insertion, because half of
 * all changes should not grow the program.
 */
const struct operator numerics_operators[] = {
	{ "numeric insert", { 3, 0.3, 0, 0.3 }, 0, MUTATOR_FLAGS_FIXED, numerics_insert },
	{ "numeric remove", { 4, 0.5, 0, 0.5 }, 0, MUTATOR_FLAGS_FIXED, numerics_remove },
	{ "numeric rewire", { 4, 0.5, 0, 0.5 }, 0, MUTATOR_FLAGS_FIXED, numerics_rewire },
	{ "numeric change", { 2, 0.2, 0, 0.2 }, 0, MUTATOR_FLAGS_FIXED, numerics_change },
	{ "numeric swap", { 0.7, 0.2, 0, 0.2 }, 0, MUTATOR_FLAGS_FIXED, numerics_swap },
	{ "numeric square", { 2.5, 0.2, 0, 0.2 }, 0, MUTATOR_FLAGS_FIXED, numerics_square },
	{ "numeric reciprocal", { 0.7, 0.2, 0, 0.2 }, 0, MUTATOR_FLAGS_FIXED, numerics_reciprocal },
	{ "numeric fraction", { 1.5, 0.1, 0, 0.2 }, 0, MUTATOR_FLAGS_FIXED, numerics_fraction },
	{ "numeric regroup", { 0.5, 0, 0, 0.5 }, 0, MUTATOR_FLAGS_FIXED, numerics_regroup },
	{ "numeric tie", { 0.7, 0, 0, 0.1 }, 0, MUTATOR_FLAGS_FIXED, numerics_tie },
	{ "numeric crossover", { 2, 0.3, 0, 0.3 }, 0, MUTATOR_FLAGS_FIXED, numerics_crossover },
	{ .name = NULL },
};
