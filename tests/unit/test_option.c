#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/text.h"
#include "orchestrator/campaign.h"

static int setup(void **state)
{
	struct campaign *c = calloc(1, sizeof *c);

	campaign_init(c);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	campaign_release(*state);
	free(*state);
	return 0;
}

/* The assignment is refused with a text that holds every word. */
static void refuses(
	struct campaign *c, const char *assignment, const char *first, const char *second)
{
	struct err e = { 0 };

	assert_true(option_assign(c, assignment, &e) < 0);
	if (!strstr(e.text, first) || !strstr(e.text, second))
		fail_msg("'%s' is refused with: %s", assignment, e.text);
}

static void takes(struct campaign *c, const char *assignment)
{
	struct err e = { 0 };

	if (option_assign(c, assignment, &e) < 0)
		fail_msg("'%s' is refused: %s", assignment, e.text);
}

static void every_default_is_one_that_the_table_allows(void **state)
{
	for (const struct option *o = option_table; o->path; o++) {
		struct err e = { 0 };

		if (option_default(*state, o, &e) < 0)
			fail_msg("%s", e.text);
		assert_non_null(o->text);
		assert_ptr_equal(option_find(o->path), o);
	}
}

static void defaults_are_what_the_header_says(void **state)
{
	const struct campaign *c = *state;

	assert_string_equal(c->compiler, "gcc");
	assert_int_equal(c->target_flags.count, 2);
	assert_string_equal(c->target_flags.words[0], "-O3");
	assert_string_equal(c->target_flags.words[1], "-march=native");
	assert_int_equal(c->cpu, -1);
	assert_string_equal(c->launcher, "{worker}");
	assert_int_equal(c->worker_silence_ns, 20000000000LL);
	assert_int_equal(c->job_limit_ns, 600000000000LL);
	assert_int_equal(c->layouts, 6);
	assert_int_equal(c->pairs, 12);
	assert_float_equal(c->delta_min, 0.02, 1e-12);
	assert_float_equal(c->floor, 0.5, 1e-12);
	assert_false(c->seed_given);
	assert_false(c->spinning);
	assert_null(c->on_best);
	assert_null(c->text);
}

static void values_of_every_type_are_set(void **state)
{
	struct campaign *c = *state;

	takes(c, "target.compiler=gcc-12");
	takes(c, "workers=3");
	takes(c, "search.crossover=0.75");
	takes(c, "budget.wall=1.5m");
	takes(c, "measure.spinning=true");
	takes(c, "flags=free");
	takes(c, "target.flags= -O2   -funroll-loops ");
	takes(c, "parameters.size=64");
	takes(c, "parameters.size=128");
	takes(c, "seed=9007199254740993");
	assert_string_equal(c->compiler, "gcc-12");
	assert_int_equal(c->workers, 3);
	assert_float_equal(c->crossover, 0.75, 0);
	assert_int_equal(c->wall_ns, 90000000000LL);
	assert_true(c->spinning);
	assert_int_equal(c->flags, CAMPAIGN_FLAGS_FREE);
	assert_int_equal(c->target_flags.count, 2);
	assert_string_equal(c->target_flags.words[1], "-funroll-loops");
	assert_int_equal(c->parameters.count, 1);
	assert_string_equal(c->parameters.pairs[0][1], "128");
	assert_true(c->seed_given);
	assert_int_equal(c->seed, 9007199254740993); /* one more than a double holds */
}

static void wrong_types_are_refused_and_leave_the_value(void **state)
{
	struct campaign *c = *state;

	refuses(c, "workers=four", "workers", "whole number");
	refuses(c, "workers=1.5", "workers", "whole number");
	refuses(c, "workers=", "workers", "whole number");
	refuses(c, "search.crossover=often", "search.crossover", "number");
	refuses(c, "search.crossover=nan", "search.crossover", "number");
	refuses(c, "budget.wall=soon", "budget.wall", "90s");
	refuses(c, "measure.spinning=yes", "measure.spinning", "true or false");
	refuses(c, "flags=loose", "loose", "fixed, attributes, free");
	refuses(c, "parameters=x", "parameters", "--set parameters.NAME=VALUE");
	refuses(c, "references=x", "references", "campaign file");
	assert_int_equal(c->workers, 0);
	assert_float_equal(c->crossover, 0.2, 1e-12);
}

static void values_out_of_range_are_refused_with_range_and_unit(void **state)
{
	struct campaign *c = *state;

	refuses(c, "workers=900", "0 to 256", "slots");
	refuses(c, "workers=-1", "out of range", "slots");
	refuses(c, "measure.layouts=1", "2 to 12", "layouts");
	refuses(c, "search.crossover=1.01", "0 to 1", "probability");
	refuses(c, "worker_silence=1s", "3 to 3600", "(s)");
	refuses(c, "seed=-1", "0 or more", "number");
}

static void an_unknown_key_names_the_nearest(void **state)
{
	refuses(*state, "budgt.wall=3s", "unknown key 'budgt.wall'", "did you mean 'budget.wall'?");
	refuses(*state, "wall=3s", "unknown key 'wall'", "did you mean 'budget.wall'?");
	refuses(*state, "zebra=1", "unknown key 'zebra'", "clade help options");
	refuses(*state, "workers", "key=value", "workers");
	refuses(*state, "=3", "key=value", "=3");
}

static void control_characters_and_long_values_are_refused(void **state)
{
	char *big = malloc(8000);

	refuses(*state, "on_best=a\033[31m", "control character", "on_best");
	memset(big, 'x', 7999);
	memcpy(big, "on_best=", 8);
	big[7999] = 0;
	refuses(*state, big, "at most", "on_best");
	free(big);
}

static void an_empty_text_takes_the_value_back(void **state)
{
	struct campaign *c = *state;

	takes(c, "on_best=true");
	takes(c, "on_best=");
	assert_null(c->on_best);
	takes(c, "target.compiler=gcc-12");
	takes(c, "target.compiler=");
	assert_string_equal(c->compiler, "gcc");
}

static void the_file_is_found_again_when_the_repository_is_named_later(void **state)
{
	struct campaign *c = *state;

	takes(c, "source.file=src/k.c");
	assert_true(c->file[0] == '/');
	takes(c, "source.repo=/some/repo");
	assert_string_equal(c->file, "src/k.c");
	takes(c, "source.file=/some/repo/src/other.c");
	assert_string_equal(c->file, "src/other.c");
}

static void the_command_line_is_remembered_and_files_are_not(void **state)
{
	struct campaign *c = *state;
	struct option_origin file = { "x.yaml", 3, 1 };

	assert_int_equal(option_set(c, "workers", "2", file, NULL), 0);
	assert_null(c->text);
	takes(c, "on_best=say \"hi\" \\ there");
	assert_string_equal(c->text, "#clade:set\n\"on_best\": \"say \\\"hi\\\" \\\\ there\"\n");
}

static void aliases_name_their_options(void **state)
{
	(void)state;
	assert_string_equal(option_by_alias("--wall")->path, "budget.wall");
	assert_string_equal(option_by_alias("--on-best")->path, "on_best");
	assert_null(option_by_alias("--nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			every_default_is_one_that_the_table_allows, setup, teardown),
		cmocka_unit_test_setup_teardown(defaults_are_what_the_header_says, setup, teardown),
		cmocka_unit_test_setup_teardown(values_of_every_type_are_set, setup, teardown),
		cmocka_unit_test_setup_teardown(
			wrong_types_are_refused_and_leave_the_value, setup, teardown),
		cmocka_unit_test_setup_teardown(
			values_out_of_range_are_refused_with_range_and_unit, setup, teardown),
		cmocka_unit_test_setup_teardown(an_unknown_key_names_the_nearest, setup, teardown),
		cmocka_unit_test_setup_teardown(
			control_characters_and_long_values_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_empty_text_takes_the_value_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_file_is_found_again_when_the_repository_is_named_later, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			the_command_line_is_remembered_and_files_are_not, setup, teardown),
		cmocka_unit_test(aliases_name_their_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
