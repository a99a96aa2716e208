/*
 * Straight-line code: what is lifted, what it is written back as, and what each operator makes of
 * it.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/random.h"
#include "mutators/lifter.h"
#include "mutators/literal.h"
#include "mutators/straight.h"
#include "tests/support/seeds.h"
#include "tests/support/workbench.h"

#define REAL(body) "real f(real x) { " body " }"
#define DRAWS 3000

/* The body that lifting and writing makes of a text; NULL when it is not straight. Caller frees. */
static char *round_trip(const char *text, const struct mutator_domain *d)
{
	struct random r;
	struct sketch s;
	struct straight p;
	struct buffer out;
	char *body = NULL;

	random_keyed(&r, 1, 1);
	assert_int_equal(sketch_open(&s, d, &r, text, strlen(text),
				 (struct region){ 0, strlen(text) }, NULL),
		0);
	if (lifter_read(&p, &s) == 1) {
		buffer_init(&out, 1u << 16);
		straight_write(&out, &p);
		body = buffer_take(&out);
		buffer_release(&out);
	}
	sketch_close(&s);
	return body;
}

static void assert_body(const char *text, const char *body)
{
	char *got = round_trip(text, &seeds[SEEDS_EXP2].domain);

	assert_non_null(got);
	assert_string_equal(got, body);
	free(got);
}

static void straight_code_is_lifted_and_written_in_one_way(void **state)
{
	(void)state;
	assert_body(REAL("return x;"), "{\n\treturn x;\n}");
	assert_body(
		REAL("real t = 2; t = t * x + 1.5; return t;"), "{\n\treturn x * 2.0 + 1.5;\n}");
	assert_body(REAL("real t = x * x; real u = t + 1; return u * u;"),
		"{\n\treal t1 = x * x + 1.0;\n\treturn t1 * t1;\n}");
	/*
	 * two literals are two constants to fit, even if they begin equal; equal operations are one
	 */
	assert_body(REAL("return (x + 1.0) * (x + 1.0);"), "{\n\treturn (x + 1.0) * (x + 1.0);\n}");
	assert_body(REAL("return (x * x + 1.0) / (2.0 - x * x);"),
		"{\n\treal t1 = x * x;\n\treturn (t1 + 1.0) / (2.0 - t1);\n}");
	assert_body(REAL("return x - (-1.5);"), "{\n\treturn x + 1.5;\n}");
	assert_body(REAL("return x * -1.5;"), "{\n\treturn x * (-1.5);\n}");
	assert_body(
		REAL("return 2.0 / (x + 1.0 - x * x);"), "{\n\treturn 2.0 / (x + 1.0 - x * x);\n}");
	assert_body(REAL("return x - (x - x / (x * x));"), "{\n\treturn x - (x - x / (x * x));\n}");
	assert_body(REAL("real u = x * 3.0; real dead = u * u; return -u;"),
		"{\n\treturn -(x * 3.0);\n}");
	assert_body(
		REAL("real t = 2.0 * 3.0; return t + x + 1.0 - 4.0;"), "{\n\treturn x + 3.0;\n}");
}

static void what_is_not_straight_is_left_alone(void **state)
{
	static const char *const texts[] = {
		REAL("return x < 1 ? x : 2.0;"),
		REAL("int i = 1; return x * i;"),
		REAL("return 3 / 2 * x;"),
		REAL("{ real t = x; return t; }"),
		REAL("return x * 1.5f;"),
		REAL("return g(x);"),
		REAL("real t; return t * x;"),
		REAL("if (x) return x; return 1.0;"),
		"int f(int x) { return x + 1; }",
		REAL("static real t = 1.0; return t * x;"),
		REAL("x++; return x;"),
		REAL("return y;"),
		REAL("return x * 0x1p3;"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char *body = round_trip(texts[i], &seeds[SEEDS_EXP2].domain);

		if (body != NULL)
			fail_msg("%s was lifted: %s", texts[i], body);
	}
}

static void terminals_and_imports_are_inputs_and_calls(void **state)
{
	char *body = round_trip("double f(const struct s *v) { double t = v->done / v -> "
				"remaining; return fmin(t, 2.0) * t; }",
		&seeds[SEEDS_RULE].domain);

	(void)state;
	assert_string_equal(
		body, "{\n\tdouble t1 = v->done / v->remaining;\n\treturn fmin(t1, 2.0) * t1;\n}");
	free(body);
	assert_null(round_trip("double f(const struct s *v) { return v->unknown * 2.0; }",
		&seeds[SEEDS_RULE].domain));
	assert_null(round_trip("double f(const struct s *v) { return exp2(v->done); }",
		&seeds[SEEDS_RULE].domain));
}

static void floats_keep_their_suffix(void **state)
{
	char *body =
		round_trip("float f(float x) { return x * 0.1f + 2; }", &seeds[SEEDS_SGEMM].domain);

	(void)state;
	assert_string_equal(body, "{\n\treturn x * 0.1f + 2.0f;\n}");
	free(body);
}

static void each_operator_reaches_what_it_is_for(void **state)
{
	static const struct {
		const char *operator, *from, *to;
	} rows[] = {
		{ "numeric square", REAL("return x + 0.5;"),
			REAL("real t = x + 0.5; return t * t;") },
		{ "numeric remove", REAL("return x * x + 0.5;"), REAL("return x * x;") },
		{ "numeric remove", REAL("return x * x + 0.5;"), REAL("return x + 0.5;") },
		{ "numeric insert", REAL("return x;"), REAL("return x * 2.0;") },
		{ "numeric insert", REAL("return x;"), REAL("return x * x;") },
		{ "numeric rewire", REAL("return x * x + 0.5;"), REAL("return x * x + x;") },
		{ "numeric change", REAL("return x * x + 0.5;"), REAL("return x * x * 0.5;") },
		{ "numeric swap", REAL("return 0.5 - x;"), REAL("return x - 0.5;") },
		{ "numeric reciprocal", REAL("return x + 0.5;"), REAL("return 2.0 / (x + 0.5);") },
		{ "numeric fraction", REAL("return x;"), REAL("return x + 2.0 / x;") },
		{ "numeric tie", REAL("return x * 0.5 + 1.5;"),
			REAL("real t = 1.5; return x * t + t;") },
		{ "numeric tie", REAL("real t = 1.5; return x * t + t;"),
			REAL("return x * 1.5 + 1.5;") },
		{ "numeric regroup", REAL("return ((x * 2.0 + 3.0) * x + 4.0) * x + 5.0;"),
			REAL("return (x * 2.0 + 3.0) * (x * x) + (x * 4.0 + 5.0);") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		/*
		 * Operands have an order of their own: ask for the wanted text as the graph writes
		 * it.
		 */
		char *body = round_trip(rows[i].to, &seeds[SEEDS_EXP2].domain), wanted[512];

		assert_non_null(body);
		assert_in_range(snprintf(wanted, sizeof wanted, "real f(real x) %s", body), 1,
			sizeof wanted - 1);
		if (!workbench_reaches(workbench_operator(rows[i].operator), rows[i].from,
			    &seeds[SEEDS_EXP2].domain, wanted, DRAWS))
			fail_msg("%s: %s never became %s", rows[i].operator, rows[i].from, wanted);
		free(body);
	}
}

static void a_change_always_changes_the_shape(void **state)
{
	static const char *const names[] = { "numeric insert", "numeric remove", "numeric rewire",
		"numeric change", "numeric square" };
	static const char text[] = REAL("real t = x * 0.5 + 1.5; return t * t / (x + 2.5);");
	char *before = round_trip(text, &seeds[SEEDS_EXP2].domain);

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		for (uint64_t k = 0; k < 200; k++) {
			char *changed = workbench_apply(
				workbench_operator(names[i]), text, &seeds[SEEDS_EXP2].domain, k);
			char *after =
				changed ? round_trip(changed, &seeds[SEEDS_EXP2].domain) : NULL;

			/* what was written is straight again, and is not the parent */
			if (changed != NULL) {
				assert_non_null(after);
				assert_string_not_equal(after, before);
			}
			free(changed);
			free(after);
		}
	free(before);
}

static void literals_are_written_so_that_they_read_back(void **state)
{
	static const struct {
		double value;
		enum literal_kind kind;
		const char *text;
	} rows[] = {
		{ 1, LITERAL_DOUBLE, "1.0" },
		{ -1, LITERAL_DOUBLE, "(-1.0)" },
		{ 0.1, LITERAL_DOUBLE, "0.1" },
		{ 1e300, LITERAL_DOUBLE, "1e+300" },
		{ 0.69314718055994531, LITERAL_DOUBLE, "0.6931471805599453" },
		{ 0.1f, LITERAL_FLOAT, "0.1f" },
		{ 3, LITERAL_FLOAT, "3.0f" },
		{ -0.5, LITERAL_FLOAT, "(-0.5f)" },
	};
	struct random r;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[LITERAL_TEXT_MAX];

		literal_write(text, rows[i].value, rows[i].kind);
		assert_string_equal(text, rows[i].text);
	}
	random_keyed(&r, 1, 2);
	for (int i = 0; i < 1000; i++) {
		double value = random_normal(&r) * pow(10, 20 * random_normal(&r)), back;
		char text[LITERAL_TEXT_MAX];

		literal_write(text, fabs(value), LITERAL_DOUBLE);
		assert_int_equal(literal_parse(&back, text, strlen(text)), LITERAL_DOUBLE);
		assert_true(back == fabs(value));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(straight_code_is_lifted_and_written_in_one_way),
		cmocka_unit_test(what_is_not_straight_is_left_alone),
		cmocka_unit_test(terminals_and_imports_are_inputs_and_calls),
		cmocka_unit_test(floats_keep_their_suffix),
		cmocka_unit_test(each_operator_reaches_what_it_is_for),
		cmocka_unit_test(a_change_always_changes_the_shape),
		cmocka_unit_test(literals_are_written_so_that_they_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
