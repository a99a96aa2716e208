#include "mutators/straight.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "mutators/literal.h"

/* ---- building ---- */

int straight_add(struct straight *p, struct straight_op op)
{
	if (p->count == STRAIGHT_OPS_MAX)
		return -1;
	p->ops[p->count] = op;
	return p->count++;
}

int straight_constant(struct straight *p, double value)
{
	return straight_add(p, (struct straight_op){ .kind = STRAIGHT_CONSTANT, .value = value });
}

int straight_operation(struct straight *p, enum straight_kind kind, int a, int b)
{
	struct straight_op op = { .kind = (uint8_t)kind,
		.argument_count = kind == STRAIGHT_NEGATE ? 1 : 2 };

	if (a < 0 || (b < 0 && kind != STRAIGHT_NEGATE))
		return -1;
	op.arguments[0] = (int16_t)a;
	op.arguments[1] = (int16_t)(b < 0 ? 0 : b);
	return straight_add(p, op);
}

int straight_name(struct straight *p, const char *name, size_t bytes)
{
	if (bytes == 0 || bytes >= STRAIGHT_NAME_MAX)
		return -1;
	for (int i = 0; i < p->name_count; i++)
		if (strlen(p->names[i]) == bytes && memcmp(p->names[i], name, bytes) == 0)
			return i;
	if (p->name_count == STRAIGHT_INPUTS_MAX)
		return -1;
	memcpy(p->names[p->name_count], name, bytes);
	p->names[p->name_count][bytes] = '\0';
	return p->name_count++;
}

int straight_input(struct straight *p, const char *name, size_t bytes)
{
	int index = straight_name(p, name, bytes);

	for (int i = 0; i < p->count; i++)
		if (p->ops[i].kind == STRAIGHT_INPUT && p->ops[i].name == index)
			return i;
	return index < 0
		? -1
		: straight_add(p,
			  (struct straight_op){ .kind = STRAIGHT_INPUT, .name = (int16_t)index });
}

bool straight_is_arithmetic(const struct straight_op *op)
{
	return op->argument_count > 0;
}

/* ---- changing ---- */

bool straight_depends(const struct straight *p, int op, int on)
{
	bool seen[STRAIGHT_OPS_MAX] = { false };
	int stack[STRAIGHT_OPS_MAX], depth = 0;

	stack[depth++] = op;
	seen[op] = true;
	while (depth > 0) {
		const struct straight_op *at = &p->ops[stack[--depth]];

		if (at == &p->ops[on])
			return true;
		for (int i = 0; i < at->argument_count; i++)
			if (!seen[at->arguments[i]]) {
				seen[at->arguments[i]] = true;
				stack[depth++] = at->arguments[i];
			}
	}
	return false;
}

void straight_replace_uses(struct straight *p, int of, int by, int limit)
{
	for (int i = 0; i < limit; i++)
		for (int k = 0; k < p->ops[i].argument_count; k++)
			if (p->ops[i].arguments[k] == of)
				p->ops[i].arguments[k] = (int16_t)by;
	if (p->result == of)
		p->result = by;
}

/*
 * Operands before users, dead ops dropped. Depth first with a stack of our own; false on a cycle.
 */
static bool sort_ops(struct straight *p)
{
	enum { NEW, OPEN, DONE };
	uint8_t state[STRAIGHT_OPS_MAX] = { NEW };
	int16_t place[STRAIGHT_OPS_MAX];
	struct straight_op sorted[STRAIGHT_OPS_MAX];
	int stack[STRAIGHT_OPS_MAX * (STRAIGHT_ARGUMENTS_MAX + 1)], depth = 0, count = 0;

	stack[depth++] = p->result;
	while (depth > 0) {
		int at = stack[depth - 1];

		if (state[at] == NEW) {
			state[at] = OPEN;
			for (int i = p->ops[at].argument_count - 1; i >= 0; i--) {
				int next = p->ops[at].arguments[i];

				if (state[next] == OPEN)
					return false;
				if (state[next] == NEW)
					stack[depth++] = next;
			}
			continue;
		}
		depth--;
		if (state[at] == DONE)
			continue;
		state[at] = DONE;
		place[at] = (int16_t)count;
		sorted[count] = p->ops[at];
		for (int i = 0; i < sorted[count].argument_count; i++)
			sorted[count].arguments[i] = place[sorted[count].arguments[i]];
		count++;
	}
	memcpy(p->ops, sorted, (size_t)count * sizeof *sorted);
	p->result = place[p->result];
	p->count = count;
	return true;
}

static bool is_constant(const struct straight *p, int op)
{
	return p->ops[op].kind == STRAIGHT_CONSTANT;
}

static double folded(int kind, double a, double b)
{
	switch (kind) {
	case STRAIGHT_ADD:      return a + b;
	case STRAIGHT_SUBTRACT: return a - b;
	case STRAIGHT_MULTIPLY: return a * b;
	case STRAIGHT_DIVIDE:   return a / b;
	default:                return -a;
	}
}

static void make_constant(struct straight_op *op, double value)
{
	*op = (struct straight_op){ .kind = STRAIGHT_CONSTANT, .value = value };
}

static int uses_of(const struct straight *p, int op)
{
	int n = p->result == op;

	for (int i = 0; i < p->count; i++)
		for (int k = 0; k < p->ops[i].argument_count; k++)
			n += p->ops[i].arguments[k] == op;
	return n;
}

/* c op c; v - v; v / v. */
static bool fold_constant(struct straight *p, int i)
{
	struct straight_op *op = &p->ops[i];
	int a = op->arguments[0], b = op->arguments[1];

	if (op->kind == STRAIGHT_CALL || op->argument_count == 0)
		return false;
	if (op->argument_count == 2 && a == b && !is_constant(p, a) &&
		(op->kind == STRAIGHT_SUBTRACT || op->kind == STRAIGHT_DIVIDE)) {
		make_constant(op, op->kind == STRAIGHT_DIVIDE);
		return true;
	}
	if (!is_constant(p, a) || (op->argument_count == 2 && !is_constant(p, b)))
		return false;
	if (!isfinite(folded(op->kind, p->ops[a].value, p->ops[b].value)))
		return false;
	make_constant(op, folded(op->kind, p->ops[a].value, p->ops[b].value));
	return true;
}

static bool is_sum(int kind)
{
	return kind == STRAIGHT_ADD || kind == STRAIGHT_SUBTRACT;
}

/*
 * (v + c) - d is v + (c - d), (v * c) / d is v * (c / d): two constants in a chain are one degree
 * of freedom and one operation too many. Only where the inner value has no other user and the
 * constant is the second operand, so that one step is one rewrite.
 */
static bool merge_chain(struct straight *p, int i)
{
	struct straight_op *outer = &p->ops[i], *inner;
	double c, d, value;
	int at;

	if (outer->argument_count != 2 || outer->kind == STRAIGHT_CALL ||
		!is_constant(p, outer->arguments[1]))
		return false;
	inner = &p->ops[outer->arguments[0]];
	if (inner->argument_count != 2 || inner->kind == STRAIGHT_CALL ||
		is_sum(inner->kind) != is_sum(outer->kind))
		return false;
	if (!is_constant(p, inner->arguments[1]) || uses_of(p, outer->arguments[0]) != 1)
		return false;
	c = p->ops[inner->arguments[1]].value;
	d = p->ops[outer->arguments[1]].value;
	if (is_sum(inner->kind))
		value = (inner->kind == STRAIGHT_ADD ? c : -c) +
			(outer->kind == STRAIGHT_ADD ? d : -d);
	else
		value = (inner->kind == STRAIGHT_MULTIPLY ? c : 1 / c) *
			(outer->kind == STRAIGHT_MULTIPLY ? d : 1 / d);
	at = isfinite(value) ? straight_constant(p, value) : -1;
	if (at < 0)
		return false;
	outer->kind = is_sum(inner->kind) ? STRAIGHT_ADD : STRAIGHT_MULTIPLY;
	outer->arguments[0] = inner->arguments[0];
	outer->arguments[1] = (int16_t)at;
	return true;
}

/*
 * c - v and c / v under one more constant: (c - v) + d is (c + d) - v, (c / v) * d is (c * d) / v.
 */
static bool merge_front(struct straight *p, int i)
{
	struct straight_op *outer = &p->ops[i], *inner;
	double c, d, value;
	int at;

	if ((outer->kind != STRAIGHT_ADD && outer->kind != STRAIGHT_MULTIPLY) ||
		!is_constant(p, outer->arguments[1]))
		return false;
	inner = &p->ops[outer->arguments[0]];
	if (inner->kind != (outer->kind == STRAIGHT_ADD ? STRAIGHT_SUBTRACT : STRAIGHT_DIVIDE))
		return false;
	if (!is_constant(p, inner->arguments[0]) || uses_of(p, outer->arguments[0]) != 1)
		return false;
	c = p->ops[inner->arguments[0]].value;
	d = p->ops[outer->arguments[1]].value;
	value = outer->kind == STRAIGHT_ADD ? c + d : c * d;
	at = isfinite(value) ? straight_constant(p, value) : -1;
	if (at < 0)
		return false;
	outer->kind = inner->kind;
	outer->arguments[1] = inner->arguments[1];
	outer->arguments[0] = (int16_t)at;
	return true;
}

/*
 * v - c is v + (-c), v / c is v * (1 / c): a fitted constant takes either sign, so two spellings
 * would be one program twice.
 */
static bool turn_constant(struct straight *p, int i)
{
	struct straight_op *op = &p->ops[i];
	double value;
	int at;

	if ((op->kind != STRAIGHT_SUBTRACT && op->kind != STRAIGHT_DIVIDE) ||
		!is_constant(p, op->arguments[1]))
		return false;
	value = op->kind == STRAIGHT_SUBTRACT ? -p->ops[op->arguments[1]].value
					      : 1 / p->ops[op->arguments[1]].value;
	at = isfinite(value) && uses_of(p, op->arguments[1]) == 1 ? straight_constant(p, value)
								  : -1;
	if (at < 0)
		return false;
	op->kind = op->kind == STRAIGHT_SUBTRACT ? STRAIGHT_ADD : STRAIGHT_MULTIPLY;
	op->arguments[1] = (int16_t)at;
	return true;
}

/*
 * The constant of a sum or product goes last, other operands in the order of their ops: one
 * spelling for one value.
 */
static bool order_operands(struct straight *p, int i)
{
	struct straight_op *op = &p->ops[i];
	int16_t a = op->arguments[0], b = op->arguments[1];
	bool swap;

	if (op->kind != STRAIGHT_ADD && op->kind != STRAIGHT_MULTIPLY)
		return false;
	swap = is_constant(p, a) ? !is_constant(p, b) : (!is_constant(p, b) && a < b);
	if (swap) {
		op->arguments[0] = b;
		op->arguments[1] = a;
	}
	return false;
}

static bool same_op(const struct straight_op *a, const struct straight_op *b)
{
	if (a->kind != b->kind || a->argument_count != b->argument_count || a->name != b->name)
		return false;
	for (int i = 0; i < a->argument_count; i++)
		if (a->arguments[i] != b->arguments[i])
			return false;
	return true;
}

/* Constants are never merged: each is a value of its own to be fitted. */
static bool merge_equal(struct straight *p, int i)
{
	if (p->ops[i].kind == STRAIGHT_CONSTANT)
		return false;
	for (int j = 0; j < i; j++)
		if (same_op(&p->ops[i], &p->ops[j])) {
			straight_replace_uses(p, i, j, p->count);
			return true;
		}
	return false;
}

bool straight_tidy(struct straight *p)
{
	static bool (*const rewrites[])(struct straight *, int) = {
		fold_constant, turn_constant, order_operands, merge_chain, merge_front, merge_equal,
	};

	if (!sort_ops(p))
		return false;
	for (int rounds = 0; rounds < 64; rounds++) {
		bool changed = false;

		for (int i = 0; i < p->count && !changed; i++)
			for (size_t k = 0; k < sizeof rewrites / sizeof rewrites[0] && !changed;
				k++)
				changed = rewrites[k](p, i);
		if (!sort_ops(p))
			return false;
		if (!changed)
			return true;
	}
	return true;
}

bool straight_same_shape(const struct straight *a, const struct straight *b)
{
	if (a->count != b->count || a->result != b->result)
		return false;
	for (int i = 0; i < a->count; i++)
		if (!same_op(&a->ops[i], &b->ops[i]))
			return false;
	return true;
}

/* ---- writing ---- */

struct pen {
	struct buffer *out;
	const struct straight *p;
	int local[STRAIGHT_OPS_MAX];     /* number of the op's local, 0: written where it is used */
};

/* How tightly an op binds: + - below * / below unary below the rest. */
static int binding_strength(const struct straight_op *op)
{
	switch (op->kind) {
	case STRAIGHT_ADD: case STRAIGHT_SUBTRACT:    return 1;
	case STRAIGHT_MULTIPLY: case STRAIGHT_DIVIDE: return 2;
	case STRAIGHT_NEGATE:                         return 3;
	default:                                      return 4;
	}
}

/* v + (-c) reads better as v - c. */
static bool is_subtraction(const struct pen *pen, const struct straight_op *op)
{
	int b = op->arguments[1];

	return op->kind == STRAIGHT_ADD && is_constant(pen->p, b) && pen->local[b] == 0 &&
		pen->p->ops[b].value < 0;
}

static void write_op(struct pen *pen, int at);

static void write_operand(struct pen *pen, int at, int needed)
{
	if (pen->local[at] > 0) {
		buffer_format(pen->out, "t%d", pen->local[at]);
	} else if (binding_strength(&pen->p->ops[at]) < needed) {
		buffer_add_text(pen->out, "(");
		write_op(pen, at);
		buffer_add_text(pen->out, ")");
	} else {
		write_op(pen, at);
	}
}

/* Recursion is as deep as the graph, at most STRAIGHT_OPS_MAX. */
static void write_op(struct pen *pen, int at)
{
	static const char *const signs[] = { [STRAIGHT_ADD] = " + ",
		[STRAIGHT_SUBTRACT] = " - ",
		[STRAIGHT_MULTIPLY] = " * ",
		[STRAIGHT_DIVIDE] = " / " };
	const struct straight_op *op = &pen->p->ops[at];
	char literal[LITERAL_TEXT_MAX];

	switch (op->kind) {
	case STRAIGHT_CONSTANT:
		literal_write(literal, op->value, pen->p->single ? LITERAL_FLOAT : LITERAL_DOUBLE);
		buffer_add_text(pen->out, literal);
		break;
	case STRAIGHT_INPUT:
		buffer_add_text(pen->out, pen->p->names[op->name]);
		break;
	case STRAIGHT_NEGATE:
		buffer_add_text(pen->out, "-");
		write_operand(pen, op->arguments[0], 4);
		break;
	case STRAIGHT_CALL:
		buffer_format(pen->out, "%s(", pen->p->names[op->name]);
		for (int i = 0; i < op->argument_count; i++) {
			buffer_add_text(pen->out, i ? ", " : "");
			write_operand(pen, op->arguments[i], 0);
		}
		buffer_add_text(pen->out, ")");
		break;
	default:
		write_operand(pen, op->arguments[0], binding_strength(op));
		if (is_subtraction(pen, op)) {
			literal_write(literal, -pen->p->ops[op->arguments[1]].value,
				pen->p->single ? LITERAL_FLOAT : LITERAL_DOUBLE);
			buffer_format(pen->out, " - %s", literal);
			break;
		}
		buffer_add_text(pen->out, signs[op->kind]);
		write_operand(pen, op->arguments[1], binding_strength(op) + 1);
		break;
	}
}

static bool name_taken(const struct straight *p, int number)
{
	char name[16];

	snprintf(name, sizeof name, "t%d", number);
	for (int i = 0; i < p->name_count; i++)
		if (text_equal(p->names[i], name))
			return true;
	return false;
}

void straight_write(struct buffer *out, const struct straight *p)
{
	struct pen pen = { .out = out, .p = p };
	int number = 0;

	buffer_add_text(out, "{\n");
	for (int i = 0; i < p->count; i++) {
		/*
		 * What is used twice is computed once; a constant used twice is one value to fit.
		 */
		if (p->ops[i].kind == STRAIGHT_INPUT || i == p->result || uses_of(p, i) < 2)
			continue;
		buffer_format(out, "\t%s t", p->type);
		do
			number++;
		while (name_taken(p, number));
		buffer_format(out, "%d = ", number);
		write_op(&pen, i);
		buffer_add_text(out, ";\n");
		pen.local[i] = number;
	}
	buffer_add_text(out, "\treturn ");
	write_operand(&pen, p->result, 0);
	buffer_add_text(out, ";\n}");
}
