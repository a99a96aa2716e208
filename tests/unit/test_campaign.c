#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/text.h"
#include "orchestrator/campaign.h"

/* A problem folder with a campaign file of its own, and a user's folder beside it. */
struct folders {
	char *root, *problem, *user;
};

static const char problem_text[] =
	"problem: toy\n"
	"source: {file: seed.c}\n"
	"target: {flags: \"-O2 -ffp-contract=off\"}\n"
	"build: {unit: included}\n"
	"budget: {wall: 60s, evaluations: 5}\n"
	"references:\n"
	"  - {name: textbook, metric: digits, value: 4, source: a book}\n";

static void put(const char *folder, const char *name, const char *text)
{
	char *path = text_format("%s/%s", folder, name);

	assert_int_equal(fdio_write_file(path, text, strlen(text), NULL), 0);
	free(path);
}

static int setup(void **state)
{
	const char *scratch = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	struct folders *f = calloc(1, sizeof *f);

	f->root = text_format("%s/campaign.XXXXXX", scratch);
	assert_non_null(mkdtemp(f->root));
	f->problem = text_format("%s/toy", f->root);
	f->user = text_format("%s/user", f->root);
	fdio_make_dirs(f->problem, NULL);
	fdio_make_dirs(f->user, NULL);
	put(f->problem, "campaign.yaml", problem_text);
	put(f->problem, "evaluator.c", "");
	put(f->problem, "adapter.c", "");
	put(f->problem, "seed.c", "int f(void);\n");
	put(f->user, "mine.c", "int f(void);\n");
	*state = f;
	return 0;
}

static void drop(const char *folder, const char *name)
{
	char *path = text_format("%s/%s", folder, name);

	unlink(path);
	free(path);
}

static int teardown(void **state)
{
	struct folders *f = *state;
	static const char *const names[] = { "campaign.yaml", "evaluator.c", "adapter.c", "seed.c",
		"mine.c", "c.yaml" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		drop(f->problem, names[i]);
		drop(f->user, names[i]);
	}
	rmdir(f->problem);
	rmdir(f->user);
	rmdir(f->root);
	free(f->root);
	free(f->problem);
	free(f->user);
	free(f);
	return 0;
}

/* Load text as the user's c.yaml. */
static int load(struct campaign *c, const struct folders *f, const char *text, struct err *e)
{
	char *path = text_format("%s/c.yaml", f->user);
	int rc;

	put(f->user, "c.yaml", text);
	campaign_init(c);
	rc = campaign_load(c, path, e);
	free(path);
	return rc;
}

static void loads(struct campaign *c, const struct folders *f, const char *text)
{
	struct err e = { 0 };

	if (load(c, f, text, &e) < 0)
		fail_msg("refused: %s", e.text);
}

/* Refused at this line and column, with a text that holds the words. */
static void refuses(void **state, const char *text, const char *at, const char *words)
{
	struct campaign c;
	struct err e = { 0 };
	char *place = text_format("c.yaml:%s: ", at);

	assert_true(load(&c, *state, text, &e) < 0);
	if (!strstr(e.text, place) || !strstr(e.text, words))
		fail_msg("wanted %s ... %s, got: %s", place, words, e.text);
	free(place);
	campaign_release(&c);
}

static void the_problems_settings_come_first_and_the_users_win(void **state)
{
	struct folders *f = *state;
	struct campaign c;

	loads(&c, f, "problem: ../toy\nbudget: {wall: 90s}\nsource: {file: mine.c}\n");
	assert_string_equal(c.problem, "toy");
	assert_true(strstr(c.problem_dir, "/toy") != NULL);
	assert_int_equal(c.wall_ns, 90000000000LL);
	assert_int_equal(c.evaluations, 5);
	assert_int_equal(c.unit, CAMPAIGN_UNIT_INCLUDED);
	assert_string_equal(c.target_flags.words[1], "-ffp-contract=off");
	assert_true(strstr(c.file, "/user/mine.c") != NULL);
	assert_int_equal(c.references.count, 1);
	assert_string_equal(c.references.rows[0].source, "a book");
	assert_int_equal(campaign_check(&c, NULL), 0);
	campaign_release(&c);
}

static void a_problem_folder_and_its_own_file_are_the_same(void **state)
{
	struct folders *f = *state;
	char *path = text_format("%s/campaign.yaml", f->problem);
	struct campaign a, b;

	campaign_init(&a);
	campaign_init(&b);
	assert_int_equal(campaign_load(&a, f->problem, NULL), 0);
	assert_int_equal(campaign_load(&b, path, NULL), 0);
	assert_string_equal(a.file, b.file);
	assert_string_equal(a.problem_dir, b.problem_dir);
	assert_string_equal(a.text, b.text);
	campaign_release(&a);
	campaign_release(&b);
	free(path);
}

static void what_is_stored_means_the_same_after_the_files_changed(void **state)
{
	struct folders *f = *state;
	struct campaign c, again;
	struct err e = { 0 };

	loads(&c, f,
		"problem: ../toy\nworkers: 2\nreferences:\n  - {name: mine, metric: digits, value: 5.5}\n");
	assert_int_equal(option_assign(&c, "workers=3", &e), 0);
	assert_int_equal(option_assign(&c, "workers=4", &e), 0);
	assert_int_equal(option_assign(&c, "on_best=echo \"#clade:set\" # no", &e), 0);
	put(f->problem, "campaign.yaml", "budget: {wall: 1s}\n");
	put(f->user, "c.yaml", "nonsense: [\n");
	campaign_init(&again);
	if (campaign_parse(&again, c.text, "a.clade", f->problem, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(again.workers, 4);
	assert_int_equal(again.wall_ns, 60000000000LL);
	assert_string_equal(again.on_best, "echo \"#clade:set\" # no");
	assert_string_equal(again.file, c.file);
	assert_int_equal(again.references.count, 1);
	assert_float_equal(again.references.rows[0].value, 5.5, 0);
	assert_string_equal(again.text, c.text);
	assert_int_equal(option_assign(&again, "workers=5", &e), 0);
	campaign_release(&c);
	campaign_init(&c);
	assert_int_equal(campaign_parse(&c, again.text, "a.clade", f->problem, &e), 0);
	assert_int_equal(c.workers, 5);
	campaign_release(&again);
	campaign_release(&c);
}

static void lists_mappings_and_dotted_keys_are_read(void **state)
{
	struct campaign c;

	loads(&c, *state,
		"problem: ../toy\ntarget:\n  flags: [\"-O2\", \"-DNAME=a b\"]\nbudget.wall: 2m\nparameters: {size: 64, mode: fast}\n");
	assert_int_equal(c.target_flags.count, 2);
	assert_string_equal(c.target_flags.words[1], "-DNAME=a b");
	assert_int_equal(c.wall_ns, 120000000000LL);
	assert_int_equal(c.parameters.count, 2);
	assert_string_equal(c.parameters.pairs[1][1], "fast");
	campaign_release(&c);
}

static void a_file_in_a_repository_is_relative_to_its_root(void **state)
{
	struct campaign c;

	loads(&c, *state, "problem: ../toy\nsource: {file: src/k.c, repo: ., commit: HEAD}\n");
	assert_string_equal(c.file, "src/k.c");
	assert_true(strstr(c.repo, "/user") != NULL);
	campaign_release(&c);
}

static void unknown_keys_name_the_nearest(void **state)
{
	refuses(state, "problem: ../toy\nbudget:\n    wal: 3s\n", "3:5",
		"unknown key 'budget.wal'; did you mean 'budget.wall'?");
	refuses(state, "problem: ../toy\nbudgt:\n  wall: 3s\n", "2:1",
		"unknown key 'budgt'; did you mean 'budget'?");
	refuses(state, "problem: ../toy\nbudgt.wall: 3s\n", "2:1", "did you mean 'budget.wall'?");
	refuses(state, "problem: ../toy\nreferences:\n  - {nam: x}\n", "3:6",
		"did you mean 'name'?");
}

static void wrong_types_and_ranges_are_refused_where_they_stand(void **state)
{
	refuses(state, "problem: ../toy\nbudget:\n  evaluations: 4.5\n", "3:3",
		"'4.5' is not a whole number");
	refuses(state, "problem: ../toy\nworkers: 900\n", "2:1", "0 to 256 (slots)");
	refuses(state, "problem: ../toy\nworkers: [1]\n", "2:1",
		"a single value is wanted here, not a list");
	refuses(state, "problem: ../toy\nbudget: 60s\n", "2:1", "a mapping is wanted here");
	refuses(state, "problem: ../toy\nworkers:\n", "2:1", "a value is wanted here, not nothing");
	refuses(state, "problem: ../toy\ntarget: {flags: {a: b}}\n", "2:10", "a list of words");
	refuses(state, "problem: ../toy\nparameters: 3\n", "2:1", "a mapping of names and values");
	refuses(state, "problem: ../toy\nreferences:\n  - {name: x, metric: y, value: high}\n",
		"3:26", "'high' is not a number");
	refuses(state, "problem: ../toy\nreferences:\n  - {name: x}\n", "3:5",
		"needs name, metric and value");
	refuses(state, "- a\n- b\n", "1:1", "no 'problem:'");
	refuses(state, "problem: [a]\n", "1:1", "a built-in's name or a folder");
}

static void a_key_that_stands_twice_is_refused(void **state)
{
	refuses(state, "problem: ../toy\nworkers: 1\nworkers: 2\n", "3:1", "first in line 2");
	refuses(state, "problem: ../toy\nbudget: {wall: 1s}\nbudget.wall: 2s\n", "3:1",
		"first in line 2");
}

static void anchors_aliases_tags_and_second_documents_are_refused(void **state)
{
	refuses(state, "problem: &a ../toy\n", "1:10", "anchor");
	refuses(state, "problem: ../toy\nworkers: *a\n", "2:10", "alias");
	refuses(state, "problem: ../toy\nworkers: !!int 3\n", "2:10", "tag");
	refuses(state, "problem: ../toy\n---\nworkers: 3\n", "2:1", "second document");
	refuses(state, "%TAG ! tag:x,2000:\n---\nproblem: ../toy\n", "1:1", "%TAG");
	refuses(state, "problem: ../toy\n? [a]\n: b\n", "2:3", "a key must be a text");
}

static void tabs_and_broken_yaml_are_refused(void **state)
{
	refuses(state, "problem: ../toy\nbudget:\n\twall: 3s\n", "3:1", "a tab indents this line");
	refuses(state, "problem: ../toy\nbudget: {wall: 3s\n", "3:1", "expected");
	refuses(state, "problem: \"../toy\nworkers: 3\n", "3:1", "quoted scalar");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	refuses(state, "problem: ../toy\nworkers: \xff\n", "2:10", "byte 0xff is not UTF-8");
	refuses(state, "problem: ../toy\non_best: \xc0\xaf\n", "2:10", "not UTF-8");
	refuses(state, "problem: ../toy\non_best: \xed\xa0\x80\n", "2:10", "not UTF-8");
	refuses(state, "problem: ../toy\non_best: a\033b\n", "2:11", "control character 0x1b");
	refuses(state, "problem: ../toy\non_best: \"a\\0b\"\n", "2:10", "zero byte");
	refuses(state, "problem: ../toy\non_best: \"a\\eb\"\n", "2:1", "control character");
}

static void deep_and_large_files_are_refused(void **state)
{
	struct folders *f = *state;
	struct campaign c;
	struct err e = { 0 };
	char *big = malloc((2u << 20) + 1);

	refuses(state, "problem: ../toy\nworkers: [[[[[[[[[[1]]]]]]]]]]\n", "2:17",
		"nested deeper");
	memset(big, '#', 2u << 20);
	big[2u << 20] = 0;
	assert_true(load(&c, f, big, &e) == ERR_LIMIT);
	campaign_release(&c);
	memcpy(big, "seed: [", 7);
	for (int i = 0; i < 30000; i++)
		memcpy(big + 7 + 2 * i, "1,", 2);
	memcpy(big + 7 + 60000, "]\n", 3);
	assert_true(load(&c, f, big, &e) < 0);
	assert_non_null(strstr(e.text, "more values than any campaign has"));
	campaign_release(&c);
	free(big);
}

static void a_problem_that_is_not_there_is_named_with_its_place(void **state)
{
	refuses(state, "workers: 2\nproblem: ../nowhere\n", "2:1", "there is no problem");
	refuses(state, "workers: 2\n", "1:1", "no 'problem:' is named");
	refuses(state, "", "1:1", "no 'problem:' is named");
}

static void a_campaign_that_was_begun_is_not_taken_for_a_file_of_settings(void **state)
{
	struct campaign c;
	struct err e = { 0 };

	assert_true(load(&c, *state, "SQLite format 3 and more", &e) < 0);
	assert_non_null(strstr(e.text, "clade resume"));
	campaign_release(&c);
}

static void checks_across_options_name_the_option(void **state)
{
	static const struct {
		const char *settings, *words;
	} rows[] = {
		{ "source: {file: none.c}", "source.file" },
		{ "source: {repo: ./none, file: k.c}", "source.repo" },
		{ "launcher: ssh host", "{worker}" },
		{ "flags: free", "build.unit" },
		{ "build: {include: nowhere}", "build.include" },
		{ "build: {support: [../x.c]}", "build.support" },
		{ "build: {support: [x.c]}", "build.support" },
		{ "markers: {function: a-b}", "markers.function" },
		{ "target: {flags: [-o, x]}", "target.flags" },
		{ "target: {flags: [file.c]}", "target.flags" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct campaign c;
		struct err e = { 0 };
		char *text = text_format("problem: ../toy\n%s\n", rows[i].settings);

		loads(&c, *state, text);
		assert_true(campaign_check(&c, &e) < 0);
		if (!strstr(e.text, rows[i].words))
			fail_msg("%s: %s", rows[i].settings, e.text);
		campaign_release(&c);
		free(text);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_problems_settings_come_first_and_the_users_win),
		TEST(a_problem_folder_and_its_own_file_are_the_same),
		TEST(what_is_stored_means_the_same_after_the_files_changed),
		TEST(lists_mappings_and_dotted_keys_are_read),
		TEST(a_file_in_a_repository_is_relative_to_its_root),
		TEST(unknown_keys_name_the_nearest),
		TEST(wrong_types_and_ranges_are_refused_where_they_stand),
		TEST(a_key_that_stands_twice_is_refused),
		TEST(anchors_aliases_tags_and_second_documents_are_refused),
		TEST(tabs_and_broken_yaml_are_refused),
		TEST(bytes_that_are_no_text_are_refused),
		TEST(deep_and_large_files_are_refused),
		TEST(a_problem_that_is_not_there_is_named_with_its_place),
		TEST(a_campaign_that_was_begun_is_not_taken_for_a_file_of_settings),
		TEST(checks_across_options_name_the_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
