#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/random.h"
#include "base/text.h"
#include "evaluators/evaluator.h"
#include "mutators/domain.h"
#include "mutators/syntax.h"
#include "mutators/tree.h"
#include "tests/support/seeds.h"

/* domain.h says the same numbers as evaluator.h, which it may not include. */
_Static_assert((int)DOMAIN_BRANCHES == (int)CLADE_SYNTAX_BRANCHES &&
		(int)DOMAIN_WITH_LOOPS == (int)CLADE_SYNTAX_LOOPS,
	"syntax bits");
_Static_assert((int)DOMAIN_POINTERS == (int)CLADE_SYNTAX_POINTERS &&
		(int)DOMAIN_BITS == (int)CLADE_SYNTAX_BITS,
	"syntax bits");
_Static_assert((int)DOMAIN_CASTS == (int)CLADE_SYNTAX_CASTS &&
		(int)DOMAIN_CALLS == (int)CLADE_SYNTAX_CALLS,
	"syntax bits");
_Static_assert((int)DOMAIN_FUNCTIONS == (int)CLADE_SYNTAX_FUNCTIONS &&
		(int)DOMAIN_PRAGMAS == (int)CLADE_SYNTAX_PRAGMAS,
	"syntax bits");
_Static_assert((int)DOMAIN_PREPROCESSOR == (int)CLADE_SYNTAX_PREPROCESSOR &&
		(int)DOMAIN_ASM == (int)CLADE_SYNTAX_ASM,
	"syntax bits");
_Static_assert((int)DOMAIN_GOTO == (int)CLADE_SYNTAX_GOTO &&
		(int)DOMAIN_MEMBERS == (int)CLADE_SYNTAX_MEMBERS,
	"syntax bits");
_Static_assert((int)DOMAIN_ALL == (int)CLADE_SYNTAX_ALL, "syntax bits");
_Static_assert((int)DOMAIN_NUMERIC == (int)CLADE_KIND_NUMERIC &&
		(int)DOMAIN_PRIORITY == (int)CLADE_KIND_PRIORITY,
	"kinds");
_Static_assert((int)DOMAIN_LOOPS == (int)CLADE_KIND_LOOPS && (int)DOMAIN_ANY == (int)CLADE_KIND_ANY,
	"kinds");

static struct region whole(const char *text)
{
	return (struct region){ 0, strlen(text) };
}

static char *tokens(const char *text, const char *const *flags)
{
	struct err e = { 0 };
	char *out = NULL;
	size_t size;

	if (syntax_tokens(&out, &size, text, strlen(text), whole(text), flags, &e) != 0)
		fail_msg("%s: %s", text, e.text);
	assert_int_equal(strlen(out), size);
	return out;
}

static void assert_same(const char *a, const char *b)
{
	char *x = tokens(a, NULL), *y = tokens(b, NULL);

	assert_string_equal(x, y);
	free(x);
	free(y);
}

static void assert_other(const char *a, const char *b)
{
	char *x = tokens(a, NULL), *y = tokens(b, NULL);

	assert_string_not_equal(x, y);
	free(x);
	free(y);
}

static void the_grammar_fits(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(syntax_ready(&e), 0);
}

static void layout_comments_parentheses_and_spelling_of_numbers_say_nothing(void **state)
{
	(void)state;
	assert_same("int f(int a) { return a + 1; }",
		"int f(int a)\n{\n\t/* one more */\n\treturn (a) + (1); // done\n}\n");
	assert_same("double f(double x) { return x * 1.5 + 2; }",
		"double f(double x) { return (x * 15e-1) + 2; }");
	assert_same("double f(void) { return 1.50 + 0x10 + 1.0F + 3UL; }",
		"double f(void) { return 1.5 + 0x10 + 1.f + 3lu; }");
	assert_other("double f(double x) { return x * 1.5; }",
		"double f(double x) { return x * 1.5f; }");
	assert_other(
		"double f(double x) { return x * 2; }", "double f(double x) { return x * 2.0; }");
	assert_other("double f(double x) { return x * 0.1; }",
		"double f(double x) { return x * 0.10000000000000002; }");
	assert_other("int f(int a, int b, int c) { return a + b + c; }",
		"int f(int a, int b, int c) { return a + (b + c); }");
	assert_other("int f(int a, int b) { return (a + b) * b; }",
		"int f(int a, int b) { return a + b * b; }");
	assert_other("int f(void) { return 'a'; }", "int f(void) { return 'b'; }");
	assert_other("char *f(void) { return \"a b\"; }", "char *f(void) { return \"a  b\"; }");
}

static void locals_are_numbered_and_everything_else_keeps_its_name(void **state)
{
	(void)state;
	assert_same("int f(int a) { int t = a; return t * a; }",
		"int f(int x) { int yy = x; return yy * x; }");
	assert_other("int f(int a) { int t = a; return t * a; }",
		"int f(int a) { int t = a; return a * t; }");
	assert_other("int f(int a) { return a + g; }", "int f(int a) { return a + h; }");
	assert_other("int f(int a) { return a; }", "int g(int a) { return a; }");
	assert_other("int f(struct s *p) { return p->x; }", "int f(struct s *p) { return p->y; }");
	/* the inner a is another variable */
	assert_same("int f(int a) { { int a = 1; a++; } return a; }",
		"int f(int a) { { int b = 1; b++; } return a; }");
	assert_other("int f(int a) { { int a = 1; a++; } return a; }",
		"int f(int a) { { int b = 1; a++; } return a; }");
	/* two locals, used crosswise */
	assert_other(
		"int f(int a, int b) { return a - b; }", "int f(int a, int b) { return b - a; }");
}

static void only_the_region_and_the_flags_count(void **state)
{
	static const char *const o2[] = { "-O2", NULL }, *const o3[] = { "-O3", NULL };
	char *a = tokens("int f(void) { return 1; }", o2),
	     *b = tokens("int f(void) { return 1; }", o3);
	const char *text = "int before;\nint f(void) { return 1; }\n";
	struct region r = { 12, strlen(text) };
	size_t size;
	char *c;

	(void)state;
	assert_string_not_equal(a, b);
	assert_int_equal(syntax_tokens(&c, &size, text, strlen(text), r, o2, NULL), 0);
	assert_string_equal(a, c);
	free(a);
	free(b);
	free(c);
}

static void broken_text_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "int f(void)\n{\n\treturn 1 +;\n}\n", "line 3" },
		{ "int f(void)\n{\n\treturn (1;\n}\n", "line 3" },
		{ "int f(void)\n{\n\treturn 1\n}\n", "line 3" },
		{ "```c\nint f(void) { return 1; }\n```\n", "line 1" },
		{ "int f(void)\n{\n\treturn 1;\n", "line" },
		{ "}\n", "line 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct err e = { 0 };
		size_t size;
		char *out;

		assert_int_equal(syntax_tokens(&out, &size, rows[i].text, strlen(rows[i].text),
					 whole(rows[i].text), NULL, &e),
			ERR_FORMAT);
		if (strstr(e.text, rows[i].says) == NULL)
			fail_msg("'%s' does not say '%s'", e.text, rows[i].says);
	}
}

static void errors_outside_the_region_are_the_files_own_business(void **state)
{
	const char *text =
		"WEIRD_MACRO(struct) {{\nstatic @ x;\n#if 0\n#endif\nint f(void) { return 1; }\n";
	const char *inner = strstr(text, "int f");
	struct region r = { (size_t)(inner - text), strlen(text) };
	struct tree t;

	(void)state;
	/*
	 * whatever the parser makes of it, it may not crash; and a whole file that is fine stays
	 * fine
	 */
	if (tree_parse_region(&t, text, strlen(text), r.start, r.end, NULL) == 0)
		tree_release(&t);
	text = "static @ x;\nint f(void) { return 1; }\n";
	r = (struct region){ 12, strlen(text) };
	assert_int_equal(tree_parse_region(&t, text, strlen(text), r.start, r.end, NULL), 0);
	tree_release(&t);
}

static void a_region_may_not_reach_over_its_border(void **state)
{
	static const char *const inner[] = { "int a; }\nvoid g(void) {\n", "/* open\n", "#if 0\n",
		"if (1) {\n", "int b = (1\n" };

	(void)state;
	for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
		char *text =
			text_format("void f(void)\n{\n%s\tint z;\n/* comment */\n}\n", inner[i]);
		struct region r = { 15, 15 + strlen(inner[i]) };
		struct tree t;

		if (tree_parse_region(&t, text, strlen(text), r.start, r.end, NULL) == 0)
			fail_msg("taken: %s", text);
		free(text);
	}
}

/* ---- what is allowed ---- */

static int allowed(const char *text, unsigned syntax, const char *const *imports, struct err *e)
{
	struct mutator_domain d = { .kind = DOMAIN_ANY, .syntax = syntax, .imports = imports };

	return syntax_allowed(text, strlen(text), whole(text), &d, e);
}

static void a_region_may_be_the_first_thing_in_the_file(void **state)
{
	static const char text[] = "double f(double x)\n{\n\treturn x * 2.0;\n}\n/* behind it */\n";
	struct mutator_domain domain = { .kind = DOMAIN_NUMERIC, .function = "f" };
	struct region r;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(region_find(&r, text, strlen(text), "f", &e), 0);
	assert_int_equal(r.start, 0);
	if (syntax_allowed(text, strlen(text), r, &domain, &e) != 0)
		fail_msg("%s", e.text);
}

static void each_construct_needs_its_bit(void **state)
{
	static const struct {
		unsigned bits;
		const char *text;
	} rows[] = {
		{ DOMAIN_BRANCHES, "double f(double x) { return x < 1 ? x : 1; }" },
		{ DOMAIN_BRANCHES, "double f(double x) { if (x) return 1; return 2; }" },
		{ DOMAIN_BRANCHES, "double f(double x) { return x == 1; }" },
		{ DOMAIN_BRANCHES, "double f(double x) { return !x; }" },
		{ DOMAIN_BRANCHES, "int f(int x) { switch (x) { case 1: return 2; } return 3; }" },
		{ DOMAIN_WITH_LOOPS,
			"int f(int x) { for (int i = 0; i < 4; i++) x += i; return x; }" },
		{ DOMAIN_WITH_LOOPS, "int f(int x) { while (x) x -= 1; return x; }" },
		{ DOMAIN_WITH_LOOPS, "int f(int x) { do x -= 1; while (x); return x; }" },
		{ DOMAIN_WITH_LOOPS, "int f(int x) { x++; return x; }" },
		{ DOMAIN_WITH_LOOPS, "int f(int x) { x = 1, x = 2; return x; }" },
		{ DOMAIN_POINTERS, "int f(int *a) { return a[0]; }" },
		{ DOMAIN_POINTERS, "int f(int *a) { return *a; }" },
		{ DOMAIN_POINTERS, "int f(int a) { int *p = 0; return a; }" },
		{ DOMAIN_POINTERS, "int f(int a) { int p[4]; return a; }" },
		{ DOMAIN_BITS, "int f(int a) { return a % 3; }" },
		{ DOMAIN_BITS, "int f(int a) { return a << 3; }" },
		{ DOMAIN_BITS, "int f(int a) { a ^= 3; return ~a; }" },
		{ DOMAIN_CASTS, "int f(double a) { return (int)a; }" },
		{ DOMAIN_CASTS, "int f(double a) { return sizeof a; }" },
		{ DOMAIN_CASTS, "int f(double a) { union u v; return 1; }" },
		{ DOMAIN_CALLS, "double f(double a) { return sqrt(a); }" },
		{ DOMAIN_CALLS, "double f(double a) { return __builtin_sqrt(a); }" },
		{ DOMAIN_CALLS, "double f(double a) { return f(a); }" },
		{ DOMAIN_FUNCTIONS,
			"double f(double a) { return a; } double g(double a) { return a; }" },
		{ DOMAIN_FUNCTIONS, "double f(double a) { static double b; return a; }" },
		{ DOMAIN_FUNCTIONS, "double b; double f(double a) { return a; }" },
		{ DOMAIN_FUNCTIONS, "typedef double t; t f(t a) { return a; }" },
		{ DOMAIN_FUNCTIONS, "struct s { int a; }; int f(int a) { return a; }" },
		{ DOMAIN_FUNCTIONS, "double f(double a) { double g(double); return a; }" },
		{ DOMAIN_PRAGMAS,
			"__attribute__((optimize(\"O3\"))) double f(double a) { return a; }" },
		{ DOMAIN_PRAGMAS, "double f(double *restrict a) { return 1; }" },
		{ DOMAIN_PRAGMAS, "double f(double a) { __m256 b; return 1; }" },
		{ DOMAIN_PRAGMAS | DOMAIN_WITH_LOOPS,
			"int f(int a) {\n#pragma GCC unroll 4\nfor (;;) a += 1; return 1; }" },
		{ DOMAIN_PREPROCESSOR, "#define X 1\ndouble f(double a) { return X; }" },
		{ DOMAIN_PREPROCESSOR, "#include <math.h>\ndouble f(double a) { return a; }" },
		{ DOMAIN_PREPROCESSOR, "#if 1\n#endif\ndouble f(double a) { return a; }" },
		{ DOMAIN_PREPROCESSOR, "#pragma GCC optimize 3\ndouble f(double a) { return a; }" },
		{ DOMAIN_ASM, "double f(double a) { __asm__(\"nop\"); return a; }" },
		{ DOMAIN_GOTO, "double f(double a) { goto out; out: return a; }" },
		{ DOMAIN_POINTERS, "double f(struct s *v) { return (v + 1)->a; }" },
		{ DOMAIN_POINTERS | DOMAIN_MEMBERS,
			"double f(struct s *v) { v = v + 1; return v->a; }" },
	};
	static const char *const imports[] = { "sqrt", NULL };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct err e = { 0 };

		if (allowed(rows[i].text, rows[i].bits, imports, &e) != 0)
			fail_msg("%s is refused with its bit: %s", rows[i].text, e.text);
		if (allowed(rows[i].text, DOMAIN_ALL & ~rows[i].bits, imports, &e) != ERR_FORMAT)
			fail_msg("%s is taken without its bit", rows[i].text);
		assert_non_null(strstr(e.text, "is not allowed in this problem"));
	}
	/* a member may come with either of two bits */
	assert_int_equal(
		allowed("double f(struct s *v) { return v->a; }", DOMAIN_MEMBERS, NULL, NULL), 0);
	assert_int_equal(
		allowed("double f(struct s *v) { return v->a; }", DOMAIN_POINTERS, NULL, NULL), 0);
	assert_int_equal(allowed("double f(struct s *v) { return v->a; }",
				 DOMAIN_ALL & ~(DOMAIN_MEMBERS | DOMAIN_POINTERS), NULL, NULL),
		ERR_FORMAT);
}

static void plain_arithmetic_needs_nothing(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(allowed("double f(double x) { const double t = -x * (x + 1.5) / 2; double "
				 "u; u = t; u += x; { u *= 2; } return u - 'a'; }",
				 0, NULL, &e),
		0);
	assert_int_equal(allowed("double f(const struct s *v) { return 1; }", 0, NULL, &e), 0);
}

static void calls_go_to_imports_and_own_functions_only(void **state)
{
	static const char *const imports[] = { "fmin", NULL };
	struct err e = { 0 };
	unsigned calls = DOMAIN_CALLS | DOMAIN_FUNCTIONS;

	(void)state;
	assert_int_equal(
		allowed("double f(double a) { return fmin(a, 1); }", calls, imports, &e), 0);
	assert_int_equal(
		allowed("double g(double a) { return a; } double f(double a) { return g(a); }",
			calls, imports, &e),
		0);
	assert_int_equal(
		allowed("double f(double a) { return exp2(a); }", calls, imports, &e), ERR_FORMAT);
	assert_int_equal(allowed("double f(double a) { return (fmin)(a, 1); }", calls, imports, &e),
		ERR_FORMAT);
	assert_int_equal(allowed("double f(double a) {\n\n return ({ int b = 1; b; }); }", calls,
				 imports, &e),
		ERR_FORMAT);
	assert_non_null(strstr(e.text, "line 3"));
	assert_int_equal(
		allowed("double f(double a) { return __COUNTER__; }", 0, imports, &e), ERR_FORMAT);
	assert_int_equal(
		allowed("double f(double a) { __float128 b = a; return b; }", 0, imports, &e),
		ERR_FORMAT);
}

/* ---- features ---- */

static struct syntax_features measured(const char *text, const struct mutator_domain *d)
{
	struct syntax_features f;
	struct err e = { 0 };

	if (syntax_measure(&f, text, strlen(text), whole(text), d, &e) != 0)
		fail_msg("%s", e.text);
	return f;
}

static void operations_are_counted_by_occurrence(void **state)
{
	static const struct {
		int operations;
		const char *text;
	} rows[] = {
		{ 0, "double f(double x) { return x; }" },
		{ 0, "double f(double x) { return -1.5; }" },
		{ 0, "double f(double x) { return (-(1.5)); }" },
		{ 1, "double f(double x) { return -x; }" },
		{ 2, "double f(double x) { return x * x + 1; }" },
		{ 3, "double f(double x) { double t = x * x; t += 1; return t / 2; }" },
		{ 1, "double f(double x) { return g(x); }" },
		{ 1, "int f(int x) { return x % 2 == 1; }" },
		{ 0, "int f(int x) { return x < 2; }" },
		{ 1, "double f(double x) { return x - (-2.0); }" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(measured(rows[i].text, &seeds[SEEDS_EXP2].domain).operations,
			rows[i].operations);
}

static void terminals_are_counted_and_named(void **state)
{
	const struct mutator_domain *d = &seeds[SEEDS_RULE].domain;
	struct syntax_features f = measured("double f(struct s *v) { double t = v->done; return t "
					    "/ v -> done + v->time * v->unknown; }",
		d);

	(void)state;
	assert_int_equal(f.terminals, 3);
	assert_int_equal(f.terminals_used[0], 1u << 0 | 1u << 3);
	assert_int_equal(f.terminals_used[1], 0);
	/* a parameter's declaration is no use of it */
	assert_int_equal(measured("double f(double x) { return x + x; }", &seeds[SEEDS_EXP2].domain)
				 .terminals,
		2);
}

/* ---- hostile text ---- */

static char *repeated(const char *part, int count, const char *middle, const char *tail)
{
	size_t bytes = strlen(part), tail_bytes = strlen(tail), at = 0;
	char *text = malloc((bytes + tail_bytes) * (size_t)count + strlen(middle) + 1);

	assert_non_null(text);
	for (int i = 0; i < count; i++, at += bytes)
		memcpy(text + at, part, bytes);
	memcpy(text + at, middle, strlen(middle));
	at += strlen(middle);
	for (int i = 0; i < count; i++, at += tail_bytes)
		memcpy(text + at, tail, tail_bytes);
	text[at] = '\0';
	return text;
}

static void ask_everything(const char *text, size_t size)
{
	struct region r = { 0, size };
	struct syntax_features f;
	struct err e = { 0 };
	size_t tokens_size;
	char *out = NULL;

	if (syntax_tokens(&out, &tokens_size, text, size, r, NULL, &e) == 0)
		free(out);
	syntax_allowed(text, size, r, &seeds[SEEDS_SGEMM].domain, &e);
	syntax_measure(&f, text, size, r, &seeds[SEEDS_SGEMM].domain, &e);
}

static void deep_nesting_is_a_limit_and_no_crash(void **state)
{
	static const struct {
		const char *open, *middle, *close;
	} rows[] = {
		{ "(", "int x", ")" },
		{ "{", "", "}" },
		{ "-", "1", "" },
		{ "f(", "", ")" },
		{ "a[", "1", "]" },
		{ "*", "p", "" },
		{ "int(*", "x", ")" },
		{ "if (1) ", ";", "" },
		{ "struct {", "int a;", "} a;" },
		{ "a?b:", "c", "" },
		{ "#if 1\n", "", "#endif\n" },
	};
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *text = repeated(rows[i].open, 20000, rows[i].middle, rows[i].close);

		ask_everything(text, strlen(text));
		free(text);
	}
	{
		/* 128 K of them are too many tokens already */
		char *inner = repeated("(", 25000, "1", ")"),
		     *text = text_format("int x = %s;\n", inner);
		struct tree t;

		assert_int_equal(tree_parse(&t, text, strlen(text), &e), ERR_LIMIT);
		assert_non_null(strstr(e.text, "nested"));
		free(inner);
		free(text);
	}
}

static void random_bytes_and_random_tokens_do_not_crash(void **state)
{
	static const char *const words[] = { "int ", "x ", "f", "(", ")", "{", "}", ";", "=", "+",
		"*", "for", "if", "return ", "1.5", "->", "[", "]", "\"", "'", "/*", "*/",
		"#define ", "\n", "\\", "?", ":", "struct ", ",", "&", "__attribute__", "case ",
		"goto ", "EVOLVE" };
	struct random r;
	char text[4097];

	(void)state;
	random_keyed(&r, 5, 5);
	for (int i = 0; i < 40; i++) {
		size_t at = 0;

		random_bytes(&r, text, sizeof text);
		ask_everything(text, sizeof text);
		while (at + 16 < sizeof text) {
			const char *word = words[random_below(&r, sizeof words / sizeof words[0])];

			memcpy(text + at, word, strlen(word));
			at += strlen(word);
		}
		ask_everything(text, at);
	}
}

static void a_quarter_megabyte_of_usual_code_is_taken(void **state)
{
	static const char line[] = "\tintermediate_value = intermediate_value * "
				   "argument_of_function + 0.69314718055994531;\n";
	char *body = repeated(line, (256 << 10) / (int)sizeof line, "", "");
	char *text = text_format("double f(double argument_of_function)\n{\n\tdouble "
				 "intermediate_value = 1;\n%s\treturn intermediate_value;\n}\n",
		body);
	struct syntax_features f;
	struct err e = { 0 };
	char *out;
	size_t size;

	(void)state;
	assert_int_equal(syntax_tokens(&out, &size, text, strlen(text), whole(text), NULL, &e), 0);
	free(out);
	assert_int_equal(
		syntax_allowed(text, strlen(text), whole(text), &seeds[SEEDS_EXP2].domain, &e), 0);
	assert_int_equal(
		syntax_measure(&f, text, strlen(text), whole(text), &seeds[SEEDS_EXP2].domain, &e),
		0);
	assert_int_equal(f.operations, 2 * ((256 << 10) / (int)sizeof line));
	free(body);
	free(text);
}

static void texts_over_a_cap_are_a_limit(void **state)
{
	/* 70,000 signs in one error are what breaks the runtime's heap; see TREE_TOKENS_MAX. */
	char *stars = repeated("*", 70000, "p", ""), *branches = repeated("a?b:", 20000, "c", ""),
	     *huge = repeated("abcdefgh\n", 130000, "", "");
	struct tree t;

	(void)state;
	assert_int_equal(tree_parse(&t, stars, strlen(stars), NULL), ERR_LIMIT);
	assert_int_equal(tree_parse(&t, branches, strlen(branches), NULL), ERR_LIMIT);
	assert_int_equal(tree_parse(&t, huge, strlen(huge), NULL), ERR_LIMIT);
	assert_int_equal(tree_parse(&t, "a\0b", 3, NULL), ERR_FORMAT);
	free(stars);
	free(branches);
	free(huge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_grammar_fits),
		cmocka_unit_test(layout_comments_parentheses_and_spelling_of_numbers_say_nothing),
		cmocka_unit_test(locals_are_numbered_and_everything_else_keeps_its_name),
		cmocka_unit_test(only_the_region_and_the_flags_count),
		cmocka_unit_test(broken_text_is_refused_with_its_line),
		cmocka_unit_test(errors_outside_the_region_are_the_files_own_business),
		cmocka_unit_test(a_region_may_not_reach_over_its_border),
		cmocka_unit_test(a_region_may_be_the_first_thing_in_the_file),
		cmocka_unit_test(each_construct_needs_its_bit),
		cmocka_unit_test(plain_arithmetic_needs_nothing),
		cmocka_unit_test(calls_go_to_imports_and_own_functions_only),
		cmocka_unit_test(operations_are_counted_by_occurrence),
		cmocka_unit_test(terminals_are_counted_and_named),
		cmocka_unit_test(deep_nesting_is_a_limit_and_no_crash),
		cmocka_unit_test(random_bytes_and_random_tokens_do_not_crash),
		cmocka_unit_test(a_quarter_megabyte_of_usual_code_is_taken),
		cmocka_unit_test(texts_over_a_cap_are_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
