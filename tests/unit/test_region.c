#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "mutators/region.h"

static const char marked[] =
	"int a;\n/* EVOLVE-BLOCK-START */\nint b;\nint c;\n/* EVOLVE-BLOCK-END */\nint d;\n";

static struct region found(const char *text)
{
	struct region r = { 0, 0 };
	struct err e = { 0 };

	if (region_find(&r, text, strlen(text), NULL, &e) != 0)
		fail_msg("%s", e.text);
	return r;
}

static void assert_inner(const char *text, const char *inner)
{
	struct region r = found(text);

	assert_int_equal(r.end - r.start, strlen(inner));
	assert_memory_equal(text + r.start, inner, strlen(inner));
}

static void the_region_is_the_whole_lines_between_the_markers(void **state)
{
	(void)state;
	assert_inner(marked, "int b;\nint c;\n");
	assert_inner("// EVOLVE-BLOCK-START\nx\n  //EVOLVE-BLOCK-END\n", "x\n");
	assert_inner(
		"\t/*EVOLVE-BLOCK-START: the kernel */\r\nx\r\n/* EVOLVE-BLOCK-END */", "x\r\n");
	assert_inner("/* EVOLVE-BLOCK-START */\n/* EVOLVE-BLOCK-END */\n", "");
}

static void a_mention_of_a_marker_is_no_marker(void **state)
{
	(void)state;
	assert_inner("/* see EVOLVE-BLOCK-START */\nchar *s = \"EVOLVE-BLOCK-START\"; /* "
		     "EVOLVE-BLOCK-START */\n/* EVOLVE-BLOCK-START */\nx\n"
		     "// EVOLVE-BLOCK-ENDING\n/* EVOLVE-BLOCK-END */\n",
		"x\n// EVOLVE-BLOCK-ENDING\n");
}

static void assert_refused(const char *text, const char *function, const char *why)
{
	struct region r = { 7, 9 };
	struct err e = { 0 };

	assert_int_equal(region_find(&r, text, strlen(text), function, &e), ERR_FORMAT);
	if (strstr(e.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", e.text, why);
	assert_int_equal(r.start, 7);
}

static void wrong_markers_are_named_with_line_and_mend(void **state)
{
	(void)state;
	assert_refused("int a;\n", NULL, "put /* EVOLVE-BLOCK-START */");
	assert_refused("\n/* EVOLVE-BLOCK-END */\n/* EVOLVE-BLOCK-START */\n", NULL,
		"line 2: EVOLVE-BLOCK-END before any");
	assert_refused("/* EVOLVE-BLOCK-START */\nx\n", NULL, "line 1: EVOLVE-BLOCK-START without");
	assert_refused("// EVOLVE-BLOCK-START\n// EVOLVE-BLOCK-END\n// EVOLVE-BLOCK-START\n// "
		       "EVOLVE-BLOCK-END\n",
		NULL, "line 3: a second EVOLVE-BLOCK-START");
	assert_refused("// EVOLVE-BLOCK-START\n// EVOLVE-BLOCK-END\n// EVOLVE-BLOCK-END\n", NULL,
		"line 3: a second EVOLVE-BLOCK-END");
}

static void a_function_is_found_by_name(void **state)
{
	static const char text[] = "double g(double x);\nstatic int f(int a)\n{\n\treturn "
				   "g(a);\n}\ndouble *g(double x)\n{\n\treturn 0;\n}\nint h;\n";
	struct region r;

	(void)state;
	assert_int_equal(region_find(&r, text, strlen(text), "g", NULL), 0);
	assert_memory_equal(text + r.start, "double *g(double x)\n{", 21);
	assert_memory_equal(text + r.end, "\nint h;", 7);
	assert_refused(text, "nowhere", "no definition of a function named nowhere");
	assert_refused("int f(void) { return 1; }\nint f(int a) { return a; }\n", "f",
		"line 2: a second definition of f");
}

static void replacing_changes_only_the_region(void **state)
{
	struct region r = found(marked);
	char *text = region_replace(marked, strlen(marked), r, "int e;\n", 7);

	(void)state;
	assert_string_equal(
		text, "int a;\n/* EVOLVE-BLOCK-START */\nint e;\n/* EVOLVE-BLOCK-END */\nint d;\n");
	free(text);
}

static int checked(const char *text)
{
	struct region inner = { 1, 1 };
	int rc = region_check(
		&inner, marked, strlen(marked), found(marked), text, strlen(text), NULL);

	if (rc == 0)
		assert_memory_equal(text + inner.end, "/* EVOLVE-BLOCK-END */\nint d;\n", 30);
	return rc;
}

static void bytes_outside_the_region_may_not_change(void **state)
{
	(void)state;
	assert_int_equal(checked(marked), 0);
	assert_int_equal(checked("int a;\n/* EVOLVE-BLOCK-START */\nlong z;\n/* EVOLVE-BLOCK-END "
				 "*/\nint d;\n"),
		0);
	assert_int_equal(
		checked("int a;\n/* EVOLVE-BLOCK-START */\n/* EVOLVE-BLOCK-END */\nint d;\n"), 0);
	assert_int_equal(checked("int A;\n/* EVOLVE-BLOCK-START */\nint b;\n/* EVOLVE-BLOCK-END "
				 "*/\nint d;\n"),
		ERR_FORMAT);
	assert_int_equal(checked("int a;\n/* EVOLVE-BLOCK-START */\nint b;\n/* EVOLVE-BLOCK-END "
				 "*/\nint D;\n"),
		ERR_FORMAT);
	assert_int_equal(
		checked("int a;\n/* EVOLVE-BLOCK-START */\nint b;\n/* EVOLVE-BLOCK-END */\n"),
		ERR_FORMAT);
	assert_int_equal(checked("int a;\n/* EVOLVE-BLOCK-START */\n"), ERR_FORMAT);
	assert_int_equal(checked(""), ERR_FORMAT);
}

static void markers_may_not_move_or_be_swallowed(void **state)
{
	(void)state;
	/* a second block inside */
	assert_int_equal(checked("int a;\n/* EVOLVE-BLOCK-START */\n/* EVOLVE-BLOCK-END */\nint "
				 "x;\n/* EVOLVE-BLOCK-START */\n/* EVOLVE-BLOCK-END */\nint d;\n"),
		ERR_FORMAT);
	/* the end marker behind a line comment, or on a continued line */
	assert_int_equal(checked("int a;\n/* EVOLVE-BLOCK-START */\nint b; ///* EVOLVE-BLOCK-END "
				 "*/\nint d;\n"),
		ERR_FORMAT);
	assert_int_equal(checked("int a;\n/* EVOLVE-BLOCK-START */\nint b; // \\\n/* "
				 "EVOLVE-BLOCK-END */\nint d;\n"),
		ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_region_is_the_whole_lines_between_the_markers),
		cmocka_unit_test(a_mention_of_a_marker_is_no_marker),
		cmocka_unit_test(wrong_markers_are_named_with_line_and_mend),
		cmocka_unit_test(a_function_is_found_by_name),
		cmocka_unit_test(replacing_changes_only_the_region),
		cmocka_unit_test(bytes_outside_the_region_may_not_change),
		cmocka_unit_test(markers_may_not_move_or_be_swallowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
