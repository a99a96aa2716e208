#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mutators/scope.h"
#include "mutators/tree.h"
#include "tests/support/seeds.h"

struct fixture { struct tree tree; struct scope scope; };

static void open_text(struct fixture *f, const char *text, const struct mutator_domain *d)
{
	assert_int_equal(tree_parse_region(&f->tree, text, strlen(text), 0, strlen(text), NULL), 0);
	scope_build(&f->scope, &f->tree, (struct region){ 0, strlen(text) }, d);
}

static void close_text(struct fixture *f)
{
	scope_release(&f->scope);
	tree_release(&f->tree);
}

/* The last node of that kind and text. */
static int node_of(const struct fixture *f, enum tree_kind kind, const char *text)
{
	int found = -1;

	for (int i = 0; i < f->tree.count; i++)
		if (tree_is(&f->tree, i, kind) && tree_text_is(&f->tree, i, text))
			found = i;
	assert_true(found >= 0);
	return found;
}

static struct scope_type type_of(const struct fixture *f, enum tree_kind kind, const char *text)
{
	return f->scope.types[node_of(f, kind, text)];
}

static void names_mean_their_innermost_declaration(void **state)
{
	static const char text[] = "int a; float f(double a) { { char a = 1; a++; } for (long a = "
				   "0; a < 9; a++) ; return a; }";
	static const struct {
		const char *at;
		uint8_t base;
	} rows[] = {
		{ "a++; }", SCOPE_CHAR },
		{ "a < 9", SCOPE_LONG },
		{ "a; }", SCOPE_DOUBLE },
		{ "; float", SCOPE_INT },
	};
	struct fixture f;

	(void)state;
	open_text(&f, text, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int binding =
			scope_find(&f.scope, "a", 1, (uint32_t)(strstr(text, rows[i].at) - text));

		assert_true(binding >= 0);
		assert_int_equal(f.scope.bindings[binding].type.base, rows[i].base);
	}
	assert_int_equal(scope_find(&f.scope, "b", 1, 20), -1);
	assert_true(scope_uses_name(&f.scope, "f") && !scope_uses_name(&f.scope, "g"));
	close_text(&f);
}

static void a_name_has_no_value_in_its_own_initialiser(void **state)
{
	static const char text[] = "int f(int a) { int b = a; return b; }";
	struct fixture f;

	(void)state;
	open_text(&f, text, NULL);
	assert_int_equal(
		scope_find(&f.scope, "b", 1, (uint32_t)(strstr(text, "a; return") - text)), -1);
	assert_true(scope_find(&f.scope, "b", 1, (uint32_t)(strstr(text, "return") - text)) >= 0);
	close_text(&f);
}

static void expressions_get_the_types_of_c(void **state)
{
	static const char text[] =
		"struct s { float m; int *q; }; double f(float x, int i, size_t n, const float *p, "
		"unsigned char c, struct s *v) {"
		" h(x + 1.5, x + i, i / 2, n * i, p[i], c + c, i < 2, -c, !x, v->m, v->q, v->q[1], "
		"(double)i, i ? x : 2.0, *p, &x, 1.5f * x, 3UL, g(i), sqrtf(x)); }";
	static const struct {
		enum tree_kind kind;
		const char *text;
		uint8_t base, depth;
	} rows[] = {
		{ TREE_BINARY_EXPRESSION, "x + 1.5", SCOPE_DOUBLE, 0 },
		{ TREE_BINARY_EXPRESSION, "x + i", SCOPE_FLOAT, 0 },
		{ TREE_BINARY_EXPRESSION, "i / 2", SCOPE_INT, 0 },
		{ TREE_BINARY_EXPRESSION, "n * i", SCOPE_ULONG, 0 },
		{ TREE_SUBSCRIPT_EXPRESSION, "p[i]", SCOPE_FLOAT, 0 },
		{ TREE_BINARY_EXPRESSION, "c + c", SCOPE_INT, 0 },
		{ TREE_BINARY_EXPRESSION, "i < 2", SCOPE_INT, 0 },
		{ TREE_UNARY_EXPRESSION, "-c", SCOPE_INT, 0 },
		{ TREE_UNARY_EXPRESSION, "!x", SCOPE_INT, 0 },
		{ TREE_FIELD_EXPRESSION, "v->m", SCOPE_FLOAT, 0 },
		{ TREE_FIELD_EXPRESSION, "v->q", SCOPE_INT, 1 },
		{ TREE_SUBSCRIPT_EXPRESSION, "v->q[1]", SCOPE_INT, 0 },
		{ TREE_CAST_EXPRESSION, "(double)i", SCOPE_DOUBLE, 0 },
		{ TREE_CONDITIONAL_EXPRESSION, "i ? x : 2.0", SCOPE_DOUBLE, 0 },
		{ TREE_POINTER_EXPRESSION, "*p", SCOPE_FLOAT, 0 },
		{ TREE_POINTER_EXPRESSION, "&x", SCOPE_FLOAT, 1 },
		{ TREE_BINARY_EXPRESSION, "1.5f * x", SCOPE_FLOAT, 0 },
		{ TREE_NUMBER_LITERAL, "3UL", SCOPE_ULONG, 0 },
		{ TREE_CALL_EXPRESSION, "g(i)", SCOPE_UNKNOWN, 0 },
		{ TREE_CALL_EXPRESSION, "sqrtf(x)", SCOPE_FLOAT, 0 },
	};
	struct fixture f;

	(void)state;
	open_text(&f, text, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct scope_type t = type_of(&f, rows[i].kind, rows[i].text);

		if (t.base != rows[i].base || t.depth != rows[i].depth)
			fail_msg("%s: base %d depth %d", rows[i].text, t.base, t.depth);
	}
	close_text(&f);
}

static void terminals_explain_types_that_the_text_does_not(void **state)
{
	struct fixture f;
	char name[64];

	(void)state;
	open_text(&f, "real g(real x) { real t = x * 2; other u = 1; return t + u; }",
		&seeds[SEEDS_EXP2].domain);
	assert_int_equal(type_of(&f, TREE_IDENTIFIER, "t").base, SCOPE_DOUBLE);
	assert_int_equal(type_of(&f, TREE_IDENTIFIER, "u").base, SCOPE_UNKNOWN);
	scope_type_text(name, &f.scope, type_of(&f, TREE_IDENTIFIER, "t"));
	assert_string_equal(name, "real");
	close_text(&f);
	open_text(&f, "typedef float num; num g(num x) { return x; }", NULL);
	assert_int_equal(type_of(&f, TREE_IDENTIFIER, "x").base, SCOPE_FLOAT);
	close_text(&f);
	open_text(&f, "double g(const struct s *v) { return v -> done * v->other; }",
		&seeds[SEEDS_RULE].domain);
	assert_int_equal(type_of(&f, TREE_FIELD_EXPRESSION, "v -> done").base, SCOPE_DOUBLE);
	assert_int_equal(f.scope.terminals[node_of(&f, TREE_FIELD_EXPRESSION, "v -> done")], 3);
	assert_int_equal(type_of(&f, TREE_FIELD_EXPRESSION, "v->other").base, SCOPE_DOUBLE);
	close_text(&f);
}

static void values_are_what_may_be_replaced(void **state)
{
	static const char text[] = "int f(int *p, int i) { static int s = 11; int a[12]; p[i + 13] "
				   "= 14; (i)++; int w = 1; w++; p[15] += *p; switch (i) { case 16: i = 17; }"
				   " g(&a[18]); return sizeof(i + 19); }";
	static const char *const values[] = { "13", "14", "15", "17", "18" },
				 *const others[] = { "11", "12", "16", "19" };
	struct fixture f;

	(void)state;
	open_text(&f, text, NULL);
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		if (!scope_is_value(&f.scope, node_of(&f, TREE_NUMBER_LITERAL, values[i])))
			fail_msg("%s is a value", values[i]);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (scope_is_value(&f.scope, node_of(&f, TREE_NUMBER_LITERAL, others[i])))
			fail_msg("%s is no value", others[i]);
	assert_false(scope_is_value(&f.scope, node_of(&f, TREE_SUBSCRIPT_EXPRESSION, "p[15]")));
	assert_false(scope_is_value(&f.scope, node_of(&f, TREE_SUBSCRIPT_EXPRESSION, "a[18]")));
	assert_true(scope_is_value(&f.scope, node_of(&f, TREE_POINTER_EXPRESSION, "*p")));
	assert_false(scope_is_value(&f.scope, node_of(&f, TREE_IDENTIFIER, "g")));
	assert_false(scope_is_value(&f.scope, node_of(&f, TREE_IDENTIFIER, "w")));
	close_text(&f);
}

static void an_expression_moves_only_where_its_names_mean_the_same(void **state)
{
	static const char text[] = "int f(int a) { int b = a; { int c = 2; b = b * c; } { int a = "
				   "3; b = a; } return b; }";
	struct fixture f;
	int product;

	(void)state;
	open_text(&f, text, NULL);
	product = node_of(&f, TREE_BINARY_EXPRESSION, "b * c");
	assert_true(scope_moves_to(&f.scope, product, (uint32_t)(strstr(text, "b = b") - text)));
	assert_false(scope_moves_to(&f.scope, product, (uint32_t)(strstr(text, "return") - text)));
	assert_false(scope_moves_to(&f.scope, node_of(&f, TREE_INIT_DECLARATOR, "b = a"),
		(uint32_t)(strstr(text, "b = a; }") - text)));
	close_text(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_mean_their_innermost_declaration),
		cmocka_unit_test(a_name_has_no_value_in_its_own_initialiser),
		cmocka_unit_test(expressions_get_the_types_of_c),
		cmocka_unit_test(terminals_explain_types_that_the_text_does_not),
		cmocka_unit_test(values_are_what_may_be_replaced),
		cmocka_unit_test(an_expression_moves_only_where_its_names_mean_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
