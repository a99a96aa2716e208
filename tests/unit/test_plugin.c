#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/text.h"
#include "evaluators/plugin.h"

/* An evaluator whose parts a test may replace: %s stand for includes and for fields that override.
 */
static const char template[] =
	"#include <clade/evaluator.h>\n"
	"#include <math.h>\n"
	"%s\n"
	"static int evaluate(void *state, const struct clade_host *host, struct clade_run *run, enum clade_stream stream, double *metrics)\n"
	"{ (void)state; (void)host; (void)run; (void)stream; metrics[0] = 1; return CLADE_OK; }\n"
	"static const char *const functions[] = { \"int f(void)\", NULL };\n"
	"static const struct clade_metric metrics[] = { { .name = \"error\", .direction = CLADE_MINIMISE, .bound = NAN }, { 0 } };\n"
	"static const struct clade_feature features[] = { { .name = \"size\", .low = 0, .high = 1, .bins = 2, .source = CLADE_FROM_CODE_BYTES }, { 0 } };\n"
	"const struct clade_evaluator clade_evaluator = { .abi = CLADE_EVALUATOR_ABI, .name = \"tiny\", .summary = \"\", .functions = functions,\n"
	"\t.metrics = metrics, .fitness = \"error\", .features = features, .arguments_bytes = 64, .results_bytes = 64, .call_limit_ns = 1000,\n"
	"\t.evaluate = evaluate, %s };\n";

static char *scratch;
static int made;

/* A problem folder with this evaluator. Every text gets its own folder. */
static char *make_problem(const char *extra, const char *fields)
{
	char *dir = text_format("%s/problem%d", scratch, made++),
	     *path = text_format("%s/evaluator.c", dir),
	     *text = text_format(template, extra, fields);

	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(fdio_write_file(path, text, strlen(text), NULL), 0);
	free(text);
	free(path);
	return dir;
}

static char *build(const char *extra, const char *fields)
{
	char *dir = make_problem(extra, fields), *so = NULL;
	struct err e = { 0 };

	if (plugin_build(&so, dir, &e) < 0)
		fail_msg("%s", e.text);
	free(dir);
	return so;
}

static void assert_refused(const char *fields, int code, const char *mend)
{
	const struct clade_evaluator *v = NULL;
	char *so = build("", fields);
	struct err e = { 0 };

	assert_int_equal(plugin_load(&v, so, &e), code);
	assert_null(v);
	if (!strstr(e.text, mend))
		fail_msg("'%s' does not say '%s'", e.text, mend);
	free(so);
}

static void a_problem_outside_the_tree_is_built_and_loaded(void **state)
{
	const struct clade_evaluator *v = NULL;
	char *so = build("", ".kind = CLADE_KIND_ANY");
	struct err e = { 0 };

	(void)state;
	if (plugin_load(&v, so, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(v->name, "tiny");
	free(so);
}

static void another_abi_is_refused_with_the_mend(void **state)
{
	(void)state;
	assert_refused(".abi = CLADE_EVALUATOR_ABI + 1", ERR_UNSUPPORTED,
		"build it against this clade's <clade/evaluator.h>");
}

static void a_missing_callback_is_refused_with_the_mend(void **state)
{
	(void)state;
	assert_refused(".evaluate = NULL", ERR_ARGS, "set .evaluate");
	assert_refused(".timed = 1", ERR_ARGS, ".fill and .verify");
}

static void bad_declarations_are_refused_with_the_mend(void **state)
{
	(void)state;
	assert_refused(".name = \"Two words\"", ERR_ARGS, "[a-z0-9_]+");
	assert_refused(".fitness = \"absent\"", ERR_ARGS, "one of the metrics");
	assert_refused(".functions = NULL", ERR_ARGS, "functions");
	assert_refused(".call_limit_ns = 0", ERR_ARGS, "call_limit_ns");
	assert_refused(".features = (const struct clade_feature[]){ { 0 } }", ERR_ARGS, "features");
	assert_refused(
		".features = (const struct clade_feature[]){ { .name = \"a\", .low = 1, .high = 1, .bins = 1 }, { 0 } }",
		ERR_ARGS, "low < high");
	assert_refused(
		".features = (const struct clade_feature[]){ { .name = \"a\", .high = 1, .bins = 1, .scale = CLADE_LOG2 }, { 0 } }",
		ERR_ARGS, "logarithmic");
	assert_refused(
		".features = (const struct clade_feature[]){ { .name = \"a\", .high = 1, .bins = 1 }, { 0 } }",
		ERR_ARGS, "none has its name");
}

static void an_object_without_the_symbol_is_refused(void **state)
{
	char *dir = make_problem("", ""), *path = text_format("%s/evaluator.c", dir), *so = NULL;
	const struct clade_evaluator *v = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(fdio_write_file(path, "int x;\n", 7, NULL), 0);
	assert_int_equal(plugin_build(&so, dir, &e), 0);
	assert_int_equal(plugin_load(&v, so, &e), ERR_ARGS);
	assert_non_null(strstr(e.text, "clade_evaluator"));
	free(so);
	free(path);
	free(dir);
}

static void the_compilers_first_error_line_is_told(void **state)
{
	char *dir = make_problem("int a = b;", ""), *so = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(plugin_build(&so, dir, &e), ERR_ARGS);
	assert_null(so);
	assert_non_null(strstr(e.text, "evaluator.c:3"));
	free(dir);
}

static void the_cache_is_named_by_what_was_compiled(void **state)
{
	char *dir = make_problem("#include \"part.h\"", ""),
	     *header = text_format("%s/part.h", dir), *first = NULL, *again = NULL, *other = NULL;
	struct stat before, after;

	(void)state;
	assert_int_equal(fdio_write_file(header, "\n", 1, NULL), 0);
	assert_int_equal(plugin_build(&first, dir, NULL), 0);
	assert_int_equal(stat(first, &before), 0);
	assert_int_equal(plugin_build(&again, dir, NULL), 0);
	assert_string_equal(first, again);
	assert_int_equal(stat(again, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(fdio_write_file(header, "/* changed */\n", 14, NULL), 0);
	assert_int_equal(plugin_build(&other, dir, NULL), 0);
	assert_string_not_equal(first, other);
	free(first);
	free(again);
	free(other);
	free(header);
	free(dir);
}

static char *build_again(const char *dir)
{
	char *so = NULL;
	struct err e = { 0 };

	if (plugin_build(&so, dir, &e) < 0)
		fail_msg("%s", e.text);
	return so;
}

/* Write a file below a problem folder and tell whether its object is another than before. */
static bool renamed_by(const char *dir, const char *name, const char *text)
{
	char *path = text_format("%s/%s", dir, name), *before = build_again(dir), *after;
	bool other;

	assert_int_equal(fdio_write_file(path, text, strlen(text), NULL), 0);
	after = build_again(dir);
	other = strcmp(before, after) != 0;
	free(after);
	free(before);
	free(path);
	return other;
}

static void make_folder(const char *dir, const char *name)
{
	char *path = text_format("%s/%s", dir, name);

	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
}

static void the_cache_sees_every_file_below_the_folder(void **state)
{
	char *dir = make_problem("", "");

	(void)state;
	make_folder(dir, "include");
	make_folder(dir, "include/deep");
	assert_true(renamed_by(dir, "include/x.h", "#define X 1\n"));
	assert_true(renamed_by(dir, "include/x.h", "#define X 2\n"));
	assert_false(renamed_by(dir, "include/x.h", "#define X 2\n"));
	assert_true(renamed_by(dir, "include/deep/table.inc", "1, 2\n"));
	assert_true(renamed_by(dir, "include/deep/table.inc", "2, 1\n"));
	free(dir);
}

static void the_cache_covers_more_files_than_a_folder_usually_has(void **state)
{
	char *dir = make_problem("", ""), name[32];

	(void)state;
	for (int i = 0; i < 100; i++) {
		char *path;

		snprintf(name, sizeof(name), "h%02d.h", i);
		path = text_format("%s/%s", dir, name);
		assert_int_equal(fdio_write_file(path, "\n", 1, NULL), 0);
		free(path);
	}
	assert_true(renamed_by(dir, "h00.h", "#define X 1\n"));
	assert_true(renamed_by(dir, "h99.h", "#define X 1\n"));
	free(dir);
}

static void campaign_files_and_git_do_not_name_the_object(void **state)
{
	char *dir = make_problem("", "");

	(void)state;
	make_folder(dir, ".git");
	assert_false(renamed_by(dir, ".git/index", "x"));
	assert_false(renamed_by(dir, "a.clade", "x"));
	assert_false(renamed_by(dir, "a.clade-wal", "x"));
	free(dir);
}

static void a_folder_full_of_other_things_is_refused(void **state)
{
	char *dir = make_problem("", ""), *path = text_format("%s/big", dir), *so = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(fdio_write_file(path, "", 0, NULL), 0);
	assert_int_equal(truncate(path, 65 << 20), 0);
	assert_int_equal(plugin_build(&so, dir, &e), ERR_LIMIT);
	assert_non_null(strstr(e.text, "64 MB"));
	assert_int_equal(unlink(path), 0);
	free(path);
	free(dir);
}

static void a_crash_in_a_plugin_kills_only_the_process_that_called_it(void **state)
{
	char *so = build(
		"#include <stdlib.h>\nstatic int crash(void **s, const struct clade_host *h) { (void)s; (void)h; abort(); }",
		".open = crash");
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		const struct clade_evaluator *v;
		void *opened;

		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		if (plugin_load(&v, so, NULL) == 0)
			v->open(&opened, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	free(so);
}

static void problems_are_found_by_name_by_folder_and_by_campaign_file(void **state)
{
	char *dir = make_problem("", ""), *file = text_format("%s/campaign.yaml", dir),
	     *real = realpath(dir, NULL), *found = NULL;

	(void)state;
	assert_int_equal(fdio_write_file(file, "\n", 1, NULL), 0);
	assert_int_equal(plugin_find_problem(&found, dir, NULL), 0);
	assert_string_equal(found, real);
	free(found);
	assert_int_equal(plugin_find_problem(&found, file, NULL), 0);
	assert_string_equal(found, real);
	free(found);
	setenv("CLADE_PROBLEMS", scratch, 1);
	assert_int_equal(plugin_find_problem(&found, strrchr(dir, '/') + 1, NULL), 0);
	assert_string_equal(found, real);
	free(found);
	unsetenv("CLADE_PROBLEMS");
	free(real);
	free(file);
	free(dir);
}

static void a_misspelt_problem_is_answered_with_the_nearest(void **state)
{
	char *dir = text_format("%s/roots", scratch), *problem = text_format("%s/knapsack", dir),
	     *source = text_format("%s/evaluator.c", problem);
	char *found = NULL, **names;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(mkdir(problem, 0700), 0);
	assert_int_equal(fdio_write_file(source, "\n", 1, NULL), 0);
	setenv("CLADE_PROBLEMS", dir, 1);
	assert_int_equal(plugin_find_problem(&found, "knapsak", &e), ERR_MISSING);
	assert_non_null(strstr(e.text, "did you mean 'knapsack'?"));
	names = plugin_names();
	for (int i = 0; names[i] && names[i + 1]; i++)
		assert_true(strcmp(names[i], names[i + 1]) < 0);
	for (int i = 0; names[i]; i++)
		free(names[i]);
	free(names);
	unsetenv("CLADE_PROBLEMS");
	free(source);
	free(problem);
	free(dir);
}

static int set_up(void **state)
{
	const char *temporary = getenv("TMPDIR");
	char *cache;

	(void)state;
	scratch = text_format("%s/clade-plugin-XXXXXX", temporary ? temporary : "/tmp");
	assert_non_null(mkdtemp(scratch));
	cache = text_format("%s/cache", scratch);
	setenv("XDG_CACHE_HOME", cache, 1);
	free(cache);
	return 0;
}

static int tear_down(void **state)
{
	char *command = text_format("rm -rf '%s'", scratch);
	int rc = system(command);

	(void)state;
	free(command);
	free(scratch);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_problem_outside_the_tree_is_built_and_loaded),
		cmocka_unit_test(another_abi_is_refused_with_the_mend),
		cmocka_unit_test(a_missing_callback_is_refused_with_the_mend),
		cmocka_unit_test(bad_declarations_are_refused_with_the_mend),
		cmocka_unit_test(an_object_without_the_symbol_is_refused),
		cmocka_unit_test(the_compilers_first_error_line_is_told),
		cmocka_unit_test(the_cache_is_named_by_what_was_compiled),
		cmocka_unit_test(the_cache_sees_every_file_below_the_folder),
		cmocka_unit_test(the_cache_covers_more_files_than_a_folder_usually_has),
		cmocka_unit_test(campaign_files_and_git_do_not_name_the_object),
		cmocka_unit_test(a_folder_full_of_other_things_is_refused),
		cmocka_unit_test(a_crash_in_a_plugin_kills_only_the_process_that_called_it),
		cmocka_unit_test(problems_are_found_by_name_by_folder_and_by_campaign_file),
		cmocka_unit_test(a_misspelt_problem_is_answered_with_the_nearest),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
