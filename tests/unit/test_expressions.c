/*
 * Expressions, literals and statements: each operator reaches what it is for, and nothing untyped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mutators/domain.h"
#include "tests/support/seeds.h"
#include "tests/support/workbench.h"

#define RULE(body) "double priority(const struct op_view *v) { " body " }"
#define DRAWS 600

static const struct row {
	const char *operator, *from, *to;
} rule_rows[] = {
	{ "expression terminal", RULE("return v->processing;"), RULE("return v->done;") },
	{ "expression wrap", RULE("return v->processing;"),
		RULE("return v->processing / v->remaining;") },
	{ "expression wrap", RULE("return v->processing;"),
		RULE("return v->processing - 0.5 * v->remaining;") },
	{ "expression grow", RULE("return v->processing;"),
		RULE("return v->done / v->remaining;") },
	{ "expression hoist", RULE("return v->processing / v->remaining;"),
		RULE("return v->remaining;") },
	{ "expression operator", RULE("return v->processing / v->remaining;"),
		RULE("return v->processing * v->remaining;") },
	{ "expression swap", RULE("return v->processing / v->remaining;"),
		RULE("return v->remaining / v->processing;") },
	{ "expression swap", RULE("return (v->done - 1.0) * v->time;"),
		RULE("return v->time * (v->done - 1.0);") },
	{ "expression replace", RULE("return v->processing / v->remaining;"),
		RULE("return v->remaining / v->remaining;") },
	{ "expression comparison", RULE("return v->done < 2.0 ? v->time : v->ready;"),
		RULE("return v->done >= 2.0 ? v->time : v->ready;") },
	{ "expression call", RULE("return v->processing;"),
		RULE("return fmin(v->processing, v->done);") },
	{ "expression call", RULE("return v->processing;"), RULE("return sqrt(v->processing);") },
	{ "expression local", RULE("return (v->done + 1.0) * (v->done + 1.0);"),
		RULE("double t1_ = v->done + 1.0; return t1_ * t1_;") },
	{ "literal perturb", RULE("return v->done * 1.5;"), RULE("return v->done * 3.0;") },
	{ "literal tie", RULE("return v->done * 1.5 + 2.5;"), RULE("return v->done * 2.5 + 2.5;") },
	{ "statement delete", RULE("double t = 1; t += v->done; return t;"),
		RULE("double t = 1; ; return t;") },
	{ "statement swap", RULE("double t = 1; t += v->done; t *= 2.0; return t;"),
		RULE("double t = 1; t *= 2.0; t += v->done; return t;") },
	{ "statement copy", RULE("double t = 1; t += v->done; return t;"),
		RULE("double t = 1; t += v->done; t += v->done; return t;") },
	{ "branch to arithmetic", RULE("double t = 1; if (v->done < 2.0) t += v->time; return t;"),
		RULE("double t = 1; t += (v->done < 2.0) ? v->time : 0; return t;") },
	{ "branch to arithmetic",
		RULE("double t = 1; if (v->done < 2.0) { t = v->time; } return t;"),
		RULE("double t = 1; t = (v->done < 2.0) ? v->time : t; return t;") },
};

static void each_operator_reaches_what_it_is_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rule_rows / sizeof rule_rows[0]; i++)
		if (!workbench_reaches(workbench_operator(rule_rows[i].operator), rule_rows[i].from,
			    &seeds[SEEDS_RULE].domain, rule_rows[i].to, 5 * DRAWS))
			fail_msg("%s: %s never became %s", rule_rows[i].operator, rule_rows[i].from,
				rule_rows[i].to);
}

static const struct mutator_domain any = {
	.kind = DOMAIN_ANY, .syntax = DOMAIN_ALL, .flags = MUTATOR_FLAGS_FREE
};

static void integers_stay_integers(void **state)
{
	static const char *const names[] = { "expression replace", "expression terminal",
		"expression wrap", "expression grow", "literal integer" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		for (uint64_t k = 0; k < 200; k++) {
			char *text = workbench_apply(workbench_operator(names[i]),
				"float f(const float *a, int i, float x) { return a[i + 1]; }",
				&any, k);
			const char *index = text ? strchr(text, '[') : NULL;

			if (index != NULL &&
				(memchr(index, '.', (size_t)(strchr(index, ']') - index)) ||
					memchr(index, 'x', (size_t)(strchr(index, ']') - index)) ||
					memchr(index, '/', (size_t)(strchr(index, ']') - index))))
				fail_msg("%s: a floating or dividing index: %s", names[i], text);
			free(text);
		}
}

static void assigned_things_static_data_cases_and_sizes_are_left_alone(void **state)
{
	static const char text[] = "int f(int *p, int x) { static int s = 71; int a[72]; switch "
				   "(x) { case 73: break; } p[x] = 1; x++; return x; }";

	(void)state;
	for (int g = 0; g < 5; g++) {
		static const char *const names[] = { "expression replace", "expression terminal",
			"expression wrap", "literal integer", "expression grow" };

		for (uint64_t k = 0; k < 100; k++) {
			char *changed =
				workbench_apply(workbench_operator(names[g]), text, &any, k);

			if (changed != NULL) {
				assert_non_null(strstr(changed, "static int s = 71;"));
				assert_non_null(strstr(changed, "int a[72];"));
				assert_non_null(strstr(changed, "case 73:"));
				assert_non_null(strstr(changed, "x++"));
				assert_non_null(strstr(changed, "p["));
			}
			free(changed);
		}
	}
}

static void jitter_moves_every_literal_and_keeps_the_structure(void **state)
{
	char *text = workbench_apply(workbench_operator("constants jitter"),
		"double f(double x) { return x * 1.5 - 2.5 * (-3.5) + 4; }", &any, 1);

	(void)state;
	assert_non_null(text);
	assert_null(strstr(text, "1.5 "));
	assert_null(strstr(text, "2.5 "));
	assert_null(strstr(text, "3.5)"));
	assert_non_null(strstr(text, "+ 4;"));
	free(text);
}

static void a_copy_needs_its_names_and_a_deletion_no_declaration(void **state)
{
	static const char text[] = "int f(int a) { a += 1; { int b = 2; a += b; } return a; }";

	(void)state;
	for (uint64_t k = 0; k < 100; k++) {
		char *copied = workbench_apply(workbench_operator("statement copy"), text, &any, k);
		char *deleted =
			workbench_apply(workbench_operator("statement delete"), text, &any, k);
		const char *use;

		if (copied != NULL) {
			use = strstr(copied, "a += b;");
			assert_true(use == NULL || use > strstr(copied, "int b"));
			use = strrchr(copied, 'b');
			assert_true(use == NULL || use < strrchr(copied, '}') - 12);
		}
		if (deleted != NULL) {
			assert_non_null(strstr(deleted, "int b = 2;"));
			assert_non_null(strstr(deleted, "return a;"));
		}
		free(copied);
		free(deleted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_operator_reaches_what_it_is_for),
		cmocka_unit_test(integers_stay_integers),
		cmocka_unit_test(assigned_things_static_data_cases_and_sizes_are_left_alone),
		cmocka_unit_test(jitter_moves_every_literal_and_keeps_the_structure),
		cmocka_unit_test(a_copy_needs_its_names_and_a_deletion_no_declaration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
