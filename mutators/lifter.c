#include "mutators/lifter.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "mutators/literal.h"

#define LOCALS_MAX 128

struct lift {
	const struct sketch *sketch;
	const struct tree *tree;
	struct straight *out;
	int type;                /* node: the one type of the function */
	struct {
		int name;
		int op;
	} locals[LOCALS_MAX];
	int local_count; /* name: node; op -1: declared, not set */
	int16_t *values;         /* owned: op of an expression's node, -1: not straight */
};

static int local_find(const struct lift *l, int name)
{
	for (int i = l->local_count - 1; i >= 0; i--)
		if (tree_same_text(l->tree, l->locals[i].name, name))
			return i;
	return -1;
}

static bool local_add(struct lift *l, int name, int op)
{
	if (l->local_count == LOCALS_MAX || local_find(l, name) >= 0)
		return false;
	l->locals[l->local_count].name = name;
	l->locals[l->local_count++].op = op;
	return true;
}

static int lift_literal(struct lift *l, int node)
{
	double value = 0;
	int kind = literal_parse(&value, tree_text(l->tree, node), tree_bytes(l->tree, node));
	int op;

	if (kind == LITERAL_OTHER || (kind == LITERAL_FLOAT) != l->out->single) {
		/*
		 * An integer goes with either type; a double literal in float code would widen it.
		 */
		if (kind != LITERAL_INTEGER)
			return -1;
	}
	op = straight_constant(l->out, value);
	if (op >= 0)
		l->out->ops[op].integer = kind == LITERAL_INTEGER;
	return op;
}

static int lift_name(struct lift *l, int node)
{
	int local = local_find(l, node);

	return local >= 0 ? l->locals[local].op : -1;
}

static int lift_terminal(struct lift *l, int node)
{
	const struct mutator_terminal *t =
		&l->sketch->domain->terminals[l->sketch->scope.terminals[node]];

	if (tree_is(l->tree, node, TREE_IDENTIFIER) && local_find(l, node) >= 0)
		return lift_name(l, node);
	if (!scope_is_floating(scope_type_of_text(t->type)))
		return -1;
	return straight_input(l->out, t->text, strlen(t->text));
}

static int lift_binary(struct lift *l, int a, int b, char operator)
{
	static const struct {
		char text;
		uint8_t kind;
	} kinds[] = {
		{ '+', STRAIGHT_ADD },
		{ '-', STRAIGHT_SUBTRACT },
		{ '*', STRAIGHT_MULTIPLY },
		{ '/', STRAIGHT_DIVIDE },
	};

	/* 3 / 2 is 1 in C and 1.5 here. */
	if (a < 0 || b < 0 || (l->out->ops[a].integer && l->out->ops[b].integer))
		return -1;
	for (int i = 0; i < 4; i++)
		if (kinds[i].text == operator)
			return straight_operation(l->out, kinds[i].kind, a, b);
	return -1;
}

static int child_value(const struct lift *l, int root, int node, enum tree_field field)
{
	int child = tree_child(l->tree, node, field);

	return child >= 0 ? l->values[child - root] : -1;
}

static int lift_unary(struct lift *l, int root, int node)
{
	int operator = tree_child(l->tree, node, TREE_FIELD_OPERATOR);
	int value = child_value(l, root, node, TREE_FIELD_ARGUMENT);

	if (value < 0 || tree_text_is(l->tree, operator, "+"))
		return value;
	if (!tree_text_is(l->tree, operator, "-"))
		return -1;
	if (l->out->ops[value].kind == STRAIGHT_CONSTANT) {
		int op = straight_constant(l->out, -l->out->ops[value].value);

		if (op >= 0)
			l->out->ops[op].integer = l->out->ops[value].integer;
		return op;
	}
	return straight_operation(l->out, STRAIGHT_NEGATE, value, -1);
}

static int lift_call(struct lift *l, int root, int node)
{
	int function = tree_child(l->tree, node, TREE_FIELD_FUNCTION),
	    arguments = tree_child(l->tree, node, TREE_FIELD_ARGUMENTS);
	struct straight_op op = { .kind = STRAIGHT_CALL };
	const char *const *imports = l->sketch->domain->imports;
	bool imported = false;
	int name;

	for (int i = 0; imports != NULL && imports[i] != NULL; i++)
		imported |= tree_text_is(l->tree, function, imports[i]);
	if (!imported || arguments < 0 ||
		tree_named_count(l->tree, arguments) > STRAIGHT_ARGUMENTS_MAX ||
		tree_named_count(l->tree, arguments) == 0)
		return -1;
	name = straight_name(l->out, tree_text(l->tree, function), tree_bytes(l->tree, function));
	for (int i = 0; i < tree_named_count(l->tree, arguments); i++) {
		int value = l->values[tree_named(l->tree, arguments, i) - root];

		if (value < 0)
			return -1;
		op.arguments[op.argument_count++] = (int16_t)value;
	}
	op.name = (int16_t)name;
	return name < 0 ? -1 : straight_add(l->out, op);
}

static int lift_node(struct lift *l, int root, int node)
{
	const struct tree *t = l->tree;

	if (l->sketch->scope.terminals[node] >= 0)
		return lift_terminal(l, node);
	switch (t->nodes[node].kind) {
	case TREE_IDENTIFIER:               return lift_name(l, node);
	case TREE_NUMBER_LITERAL:           return lift_literal(l, node);
	case TREE_UNARY_EXPRESSION:         return lift_unary(l, root, node);
	case TREE_CALL_EXPRESSION:          return lift_call(l, root, node);
	case TREE_PARENTHESIZED_EXPRESSION:
		return tree_named_count(t, node) == 1 ? l->values[tree_named(t, node, 0) - root]
						      : -1;
	case TREE_BINARY_EXPRESSION: {
		int operator = tree_child(t, node, TREE_FIELD_OPERATOR);

		if (tree_bytes(t, operator) != 1)
			return -1;
		return lift_binary(l, child_value(l, root, node, TREE_FIELD_LEFT),
			child_value(l, root, node, TREE_FIELD_RIGHT), *tree_text(t, operator));
	}
	default: return -1;
	}
}

/* The op of an expression, -1 when it is not straight. */
static int lift_expression(struct lift *l, int root)
{
	int value;

	if (root < 0)
		return -1;
	l->values = memory_array((size_t)(l->tree->nodes[root].last - root), sizeof *l->values);
	/* Backwards: operands stand behind their operation in the array. */
	for (int i = l->tree->nodes[root].last - 1; i >= root; i--)
		l->values[i - root] =
			(int16_t)(l->tree->nodes[i].named ? lift_node(l, root, i) : -1);
	value = l->values[0];
	free(l->values);
	l->values = NULL;
	return value;
}

static bool lift_declaration(struct lift *l, int node)
{
	const struct tree *t = l->tree;

	if (!tree_same_text(t, tree_child(t, node, TREE_FIELD_TYPE), l->type))
		return false;
	for (int c = tree_first(t, node); c >= 0; c = t->nodes[c].next) {
		int name = c, op = -1;

		if (t->nodes[c].kind == TREE_STORAGE_CLASS_SPECIFIER)
			return false;
		if (t->nodes[c].field != TREE_FIELD_DECLARATOR)
			continue;
		if (tree_is(t, c, TREE_INIT_DECLARATOR)) {
			name = tree_child(t, c, TREE_FIELD_DECLARATOR);
			op = lift_expression(l, tree_child(t, c, TREE_FIELD_VALUE));
			if (op < 0)
				return false;
			l->out->ops[op].integer = false;
		}
		if (!tree_is(t, name, TREE_IDENTIFIER) || !local_add(l, name, op))
			return false;
	}
	return true;
}

static bool lift_assignment(struct lift *l, int statement)
{
	const struct tree *t = l->tree;
	int node = tree_named(t, statement, 0);
	int left, operator, op, local;

	if (!tree_is(t, node, TREE_ASSIGNMENT_EXPRESSION))
		return false;
	left = tree_child(t, node, TREE_FIELD_LEFT);
	operator = tree_child(t, node, TREE_FIELD_OPERATOR);
	local = tree_is(t, left, TREE_IDENTIFIER) ? local_find(l, left) : -1;
	op = lift_expression(l, tree_child(t, node, TREE_FIELD_RIGHT));
	if (local < 0 || op < 0)
		return false;
	if (!tree_text_is(t, operator, "="))
		op = tree_bytes(t, operator) == 2
			? lift_binary(l, l->locals[local].op, op, *tree_text(t, operator))
			: -1;
	if (op < 0)
		return false;
	l->out->ops[op].integer = false;
	l->locals[local].op = op;
	return true;
}

static bool lift_statements(struct lift *l, int body)
{
	const struct tree *t = l->tree;

	for (int c = tree_first(t, body); c >= 0; c = t->nodes[c].next) {
		bool fine = true;

		if (!t->nodes[c].named || t->nodes[c].kind == TREE_COMMENT)
			continue;
		if (tree_is(t, c, TREE_RETURN_STATEMENT)) {
			l->out->result = lift_expression(l, tree_named(t, c, 0));
			return l->out->result >= 0;
		}
		if (tree_is(t, c, TREE_DECLARATION))
			fine = lift_declaration(l, c);
		else if (tree_is(t, c, TREE_EXPRESSION_STATEMENT))
			fine = tree_named_count(t, c) == 0 || lift_assignment(l, c);
		else
			fine = false;
		if (!fine)
			return false;
	}
	return false;
}

/*
 * Parameters of the one type are inputs; others (a pointer to a view) are reached by terminals
 * only.
 */
static bool lift_parameters(struct lift *l, int list)
{
	const struct tree *t = l->tree;

	for (int c = tree_first(t, list); c >= 0; c = t->nodes[c].next) {
		int name = tree_child(t, c, TREE_FIELD_DECLARATOR);

		if (!tree_is(t, c, TREE_PARAMETER_DECLARATION) ||
			!tree_is(t, name, TREE_IDENTIFIER))
			continue;
		if (!tree_same_text(t, tree_child(t, c, TREE_FIELD_TYPE), l->type))
			continue;
		if (!local_add(l, name,
			    straight_input(l->out, tree_text(t, name), tree_bytes(t, name))))
			return false;
	}
	return true;
}

static bool lift_function(struct lift *l, int definition)
{
	const struct tree *t = l->tree;
	int declarator = tree_child(t, definition, TREE_FIELD_DECLARATOR);
	struct straight *p = l->out;
	size_t bytes;

	l->type = tree_child(t, definition, TREE_FIELD_TYPE);
	p->body = tree_child(t, definition, TREE_FIELD_BODY);
	if (l->type < 0 || p->body < 0 || !tree_is(t, declarator, TREE_FUNCTION_DECLARATOR))
		return false;
	bytes = tree_bytes(t, l->type);
	if (bytes >= sizeof p->type ||
		!tree_inside(t, p->body, (uint32_t)l->sketch->region.start,
			(uint32_t)l->sketch->region.end))
		return false;
	memcpy(p->type, tree_text(t, l->type), bytes);
	p->type[bytes] = '\0';
	/*
	 * A type without a known name is a macro over the floating types, as in exp2_ops; integers
	 * are not straight.
	 */
	if (scope_is_integer(scope_type_of_text(p->type)) || text_equal(p->type, "void"))
		return false;
	p->single = text_equal(p->type, "float");
	return lift_parameters(l, tree_child(t, declarator, TREE_FIELD_PARAMETERS)) &&
		lift_statements(l, p->body);
}

int lifter_read(struct straight *out, const struct sketch *s)
{
	for (int i = 0; i < s->tree.count; i++) {
		struct lift l = { .sketch = s, .tree = &s->tree, .out = out };

		if (!tree_is(&s->tree, i, TREE_FUNCTION_DEFINITION))
			continue;
		memset(out, 0, sizeof *out);
		if (lift_function(&l, i))
			return straight_tidy(out) ? 1 : 0;
	}
	return 0;
}
