/*
 * straight.h - straight-line floating code as a graph: changed, tidied, written as C. lifter.h
 * reads it from a function's text.
 *
 *      real f(real x) { real t = x * 2.0; return t * t + 1.0; }
 *      ─▶   %0 = x  %1 = 2.0  %2 = mul %0 %1  %3 = mul %2 %2  %4 = 1.0  %5 = add %3 %4
 *
 * The graph makes reuse, dead code and redundant constants visible, which text hides.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;

#define STRAIGHT_OPS_MAX 160
#define STRAIGHT_INPUTS_MAX 64
#define STRAIGHT_ARGUMENTS_MAX 3
#define STRAIGHT_NAME_MAX 64

enum straight_kind {
	STRAIGHT_CONSTANT,
	STRAIGHT_INPUT,
	STRAIGHT_ADD,
	STRAIGHT_SUBTRACT,
	STRAIGHT_MULTIPLY,
	STRAIGHT_DIVIDE,
	STRAIGHT_NEGATE,
	STRAIGHT_CALL
};
struct straight_op {
	uint8_t kind; /* enum straight_kind */
	uint8_t argument_count;
	bool integer;            /* a literal without point, while lifting */
	int16_t arguments[STRAIGHT_ARGUMENTS_MAX];   /* ops */
	int16_t name;            /* input or called function, an index into names */
	double value;            /* of a constant */
};
struct straight {
	struct straight_op ops[STRAIGHT_OPS_MAX];
	int count, result;
	char names[STRAIGHT_INPUTS_MAX][STRAIGHT_NAME_MAX]; int name_count;
	char type[STRAIGHT_NAME_MAX];
	bool single;             /* float: literals carry an f */
	int body;                /* node of the function's body */
};

/* The body, braces included. */
void straight_write(struct buffer *out, const struct straight *p);

/* Building: each gives the new op's index, or -1 when the graph is full. */
int straight_add(struct straight *p, struct straight_op op);
int straight_input(struct straight *p, const char *name, size_t bytes);
int straight_constant(struct straight *p, double value);
int straight_operation(struct straight *p, enum straight_kind kind, int a, int b);
/* Index into names, -1: full or too long. */
int straight_name(struct straight *p, const char *name, size_t bytes);
bool straight_is_arithmetic(const struct straight_op *op);   /* has arguments */
bool straight_depends(const struct straight *p, int op, int on);
/* In ops [0, limit) and as the result: what was built on top of `of` since keeps reading it. */
void straight_replace_uses(struct straight *p, int of, int by, int limit);
/*
 * Drop dead ops, fold constants, merge equal ops and chains of constants, put operands before their
 * users. false: a cycle, or too large.
 */
bool straight_tidy(struct straight *p);
/* Equal but for the values of constants? Both tidy. */
bool straight_same_shape(const struct straight *a, const struct straight *b);
