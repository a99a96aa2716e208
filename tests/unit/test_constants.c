#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/random.h"
#include "mutators/constants.h"
#include "tests/support/seeds.h"

#define ARRAY "extern double clade_constants[];\n"

struct extracted {
	char *text;
	double values[4];
	int count;
};

/* The region is everything behind the first line. */
static int extract(struct extracted *out, const char *text)
{
	struct region r = { (size_t)(strchr(text, '\n') + 1 - text), strlen(text) };
	struct random random;
	struct sketch s;
	int rc;

	memset(out, 0, sizeof *out);
	random_keyed(&random, 1, 1);
	assert_int_equal(
		sketch_open(&s, &seeds[SEEDS_EXP2].domain, &random, text, strlen(text), r, NULL),
		0);
	rc = constants_extract(&out->text, out->values, &out->count, 4, &s);
	sketch_close(&s);
	return rc;
}

static void assert_extracted(const char *text, const char *tunable, int count, double first)
{
	struct extracted x;

	assert_int_equal(extract(&x, text), 1);
	assert_string_equal(x.text, tunable);
	assert_int_equal(x.count, count);
	assert_true(x.values[0] == first);
	free(x.text);
}

static void literals_of_the_region_become_elements_with_their_sign(void **state)
{
	(void)state;
	assert_extracted("double a = 9.5;\ndouble f(double x) { return x * 1.5 - 2.5; }",
		ARRAY "double a = 9.5;\ndouble f(double x) { return x * clade_constants[0] - "
		      "clade_constants[1]; }",
		2, 1.5);
	assert_extracted("\ndouble f(double x) { return x * -1.5; }",
		ARRAY "\ndouble f(double x) { return x * clade_constants[0]; }", 1, -1.5);
	assert_extracted("\ndouble f(double x) { return x - (-1.5); }",
		ARRAY "\ndouble f(double x) { return x - clade_constants[0]; }", 1, -1.5);
	assert_extracted("\ndouble f(double x) { if (-1.5) return(-2.5); return x; }",
		ARRAY "\ndouble f(double x) { if (clade_constants[0]) return(clade_constants[1]); "
		      "return x; }",
		2, -1.5);
	assert_extracted("\nfloat f(float x) { return x * 1.5f; }",
		ARRAY "\nfloat f(float x) { return x * ((float)clade_constants[0]); }", 1, 1.5);
}

static void what_must_stay_constant_or_whole_is_left_alone(void **state)
{
	static const char text[] =
		"\n#define K 7.5\ndouble f(double x) { static double s = 1.5; double a[2]; "
		"return x * 2 + 0x1p3 + 2.5L + a[1] + s + 3.5; }";
	struct extracted x;

	(void)state;
	assert_int_equal(extract(&x, text), 1);
	assert_int_equal(x.count, 1);
	assert_true(x.values[0] == 3.5);
	free(x.text);
	assert_int_equal(extract(&x, "\ndouble f(double x) { return x * 2; }"), 0);
	assert_int_equal(extract(&x, "\ndouble f(double clade_constants) { return 1.5; }"), 0);
}

static void only_as_many_as_fit_are_taken(void **state)
{
	(void)state;
	assert_extracted("\ndouble f(double x) { return 1.5 + 2.5 + 3.5 + 4.5 + 5.5; }",
		ARRAY "\ndouble f(double x) { return clade_constants[0] + clade_constants[1] + "
		      "clade_constants[2] + clade_constants[3] + 5.5; }",
		4, 1.5);
}

static void values_are_written_back_as_literals(void **state)
{
	static const double values[] = { -1.25, 3, 1e-30, 0.1 };
	struct extracted x;
	struct err e = { 0 };
	char *text;

	(void)state;
	assert_int_equal(extract(&x, "\ndouble f(double x) { return x - -0.5 + 2.5 * 3.5; }"), 1);
	assert_int_equal(constants_restore(&text, x.text, values, 3, &e), 0);
	assert_string_equal(text, "\ndouble f(double x) { return x - (-1.25) + 3.0 * 1e-30; }");
	free(text);
	assert_int_equal(constants_restore(&text, x.text, values, 2, &e), ERR_FORMAT);
	free(x.text);
	assert_int_equal(extract(&x, "\nfloat f(float x) { return x * 1.5f; }"), 1);
	assert_int_equal(constants_restore(&text, x.text, &values[3], 1, &e), 0);
	assert_string_equal(text, "\nfloat f(float x) { return x * 0.1f; }");
	free(text);
	assert_int_equal(constants_restore(&text, x.text, &(double){ INFINITY }, 1, &e), ERR_FORMAT);
	assert_int_equal(constants_restore(&text, "double f;", values, 1, &e), ERR_FORMAT);
	free(x.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_of_the_region_become_elements_with_their_sign),
		cmocka_unit_test(what_must_stay_constant_or_whole_is_left_alone),
		cmocka_unit_test(only_as_many_as_fit_are_taken),
		cmocka_unit_test(values_are_written_back_as_literals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
