/*
 * Every cheat of programs/ against two evaluators: naive.c, which it must fool, and the real rig,
 * which must answer the verdict that stands in the cheat's own comment. The same program with
 * HONEST defined is its twin: it must pass, at about the seed's speed.
 *
 *   kernel.h + [HONEST] + program ─┬─ cc, linked with naive.c ──▶ accepted, FOOLED times as fast
 *                                  └─ rig_compile, rig_evaluate ──▶ the verdict of the comment
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/plugin.h"
#include "evaluators/rig.h"

#define PROGRAMS "tests/cheat/programs"
#define PROBLEM "tests/cheat/problem"
#define CHEATS_MAX 100
#define CHEATS_LEAST \
	15 /* what the issue of this suite asks for: an emptied folder shall not pass */
#define NAIVE_CALLS 1000 /* of naive.c */
#define FOOLED 1.5
#define HONEST_MOST \
	1.5 /* no honest twin and no cheat without gain is faster than this; noise is a few per \
	       cent */
#define HONEST_LEAST 0.4

extern char **environ;

struct image {
	void *bytes;
	size_t size;
};

static struct suite {
	char *folder; /* scratch, ours alone */
	char *kernel;
	char *answers, *scratch; /* what @ANSWERS@ and @SCRATCH@ stand for */
	struct job_configure configure;
	struct rig *rig;
	struct image seed;
	double naive_seed_ns;
	char *names[CHEATS_MAX];
	int count;
} suite;

/* ---- texts ---- */

static char *read_text(const char *path)
{
	char *text = NULL;
	size_t size;
	struct err e = { 0 };

	if (fdio_read_file(&text, &size, path, 1 << 20, &e) < 0)
		fail_msg("%s", e.text);
	return text;
}

static char *replace(char *text, const char *mark, const char *with)
{
	char *at = strstr(text, mark), *out;

	if (!at)
		return text;
	out = text_format("%.*s%s%s", (int)(at - text), text, with, at + strlen(mark));
	free(text);
	return replace(out, mark, with);
}

static char *program_text(const char *path, bool honest)
{
	char *body = read_text(path), *all;

	all = text_format("%s%s#line 1 \"%s\"\n%s", suite.kernel,
		honest ? "#define HONEST 1\n" : "", strrchr(path, '/') + 1, body);
	free(body);
	return replace(replace(all, "@ANSWERS@", suite.answers), "@SCRATCH@", suite.scratch);
}

/* The word behind "Verdict: " in the program's comment. */
static int stated_verdict(const char *text)
{
	const char *at = strstr(text, "Verdict: ");
	char *word;
	int verdict;

	assert_non_null(at);
	at += strlen("Verdict: ");
	word = text_copy_n(at, strspn(at, "abcdefghijklmnopqrstuvwxyz_"));
	verdict = verdict_find(word);
	free(word);
	return verdict;
}

/* ---- the naive evaluator ---- */

/* Run argv, its stdout into out. The exit status, -1 for a signal. */
static int run(char *const argv[], char *out, size_t room, int64_t *wall_ns)
{
	posix_spawn_file_actions_t actions;
	int64_t begun_ns = clock_now_ns();
	int channel[2], status = 0;
	ssize_t got;
	size_t used = 0;
	pid_t pid;

	assert_int_equal(pipe2(channel, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, channel[1], 1);
	assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(channel[1]);
	while (used + 1 < room && (got = read(channel[0], out + used, room - 1 - used)) > 0)
		used += (size_t)got;
	out[used] = 0;
	close(channel[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*wall_ns = clock_now_ns() - begun_ns;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *link_naive(const char *name, const char *text)
{
	char *source = text_format("%s/%s.c", suite.folder, name),
	     *object = text_format("%s/naive.o", suite.folder);
	char *program = text_format("%s/naive_%s", suite.folder, name);
	char *argv[] = { (char *)"cc", (char *)"-O2", (char *)"-w", (char *)"-o", program, source,
		object, (char *)"-lm", (char *)"-lpthread", NULL };
	char words[256];
	int64_t wall_ns;

	assert_int_equal(fdio_write_file(source, text, strlen(text), NULL), 0);
	assert_int_equal(run(argv, words, sizeof(words), &wall_ns), 0);
	free(source);
	free(object);
	return program;
}

/* The naive score in ns a call, or NAN. Exit status 0 is a pass; who printed no time is timed from
 * outside. */
static double naive_score(char *program)
{
	char *argv[] = { program, NULL }, words[256];
	int64_t wall_ns;
	double ns;

	if (run(argv, words, sizeof(words), &wall_ns) != 0)
		return NAN;
	if (sscanf(words, "OK %lf", &ns) != 1)
		ns = (double)wall_ns / NAIVE_CALLS;
	return ns;
}

/* The better of two runs: what the first leaves behind may serve the second. */
static double naive_evaluate(const char *name, const char *text)
{
	char *program = link_naive(name, text);
	double first = naive_score(program), second = naive_score(program);

	unlink(program);
	free(program);
	return isnan(first) ? second : isnan(second) ? first : fmin(first, second);
}

/* ---- the rig ---- */

/* The verdict of compiling, with the image when it is ok. */
static enum verdict compile(struct image *out, const char *text)
{
	struct job_compile job = { .program = { text, strlen(text), { NULL } } };
	struct job_compile_result result = { 0 };
	struct err e = { 0 };
	enum verdict verdict;

	if (rig_compile(&result, suite.rig, &job, &e) < 0)
		fail_msg("%s", e.text);
	verdict = result.verdict;
	if (verdict == VERDICT_OK)
		*out = (struct image){ memory_copy(result.image.bytes, result.image.size),
			result.image.size };
	else
		print_message("           %s: %.200s\n", verdict_rows[verdict].name, result.reason);
	job_compile_result_release(&result);
	return verdict;
}

static enum verdict evaluate(double *ratio, const char *text)
{
	struct job_evaluate_result result = { 0 };
	struct image image = { 0 };
	struct err e = { 0 };
	enum verdict verdict = compile(&image, text);

	*ratio = NAN;
	if (verdict != VERDICT_OK)
		return verdict;
	struct job_evaluate job = { .image = { image.bytes, image.size },
		.stream = CLADE_SEARCH,
		.seed = { suite.seed.bytes, suite.seed.size } };
	if (rig_evaluate(&result, suite.rig, &job, &e) < 0)
		fail_msg("%s", e.text);
	verdict = result.verdict;
	*ratio = result.metrics[0];
	if (result.reason)
		print_message("           %s: %.200s\n", verdict_rows[verdict].name, result.reason);
	job_evaluate_result_release(&result);
	free(image.bytes);
	return verdict;
}

static void assert_no_gain(enum verdict verdict, double ratio)
{
	assert_string_equal(verdict_rows[verdict].name, "ok");
	if (!(ratio > HONEST_LEAST && ratio < HONEST_MOST))
		fail_msg("%.3f times the seed's speed", ratio);
}

/* ---- one cheat ---- */

static void a_cheat(void **state)
{
	const char *name = *state;
	char *path = text_format(PROGRAMS "/%s.c", name), *cheat = program_text(path, false),
	     *twin = program_text(path, true);
	double naive_ns = naive_evaluate(name, cheat), ratio;
	int stated = stated_verdict(cheat);
	enum verdict found;

	print_message(
		"           naive: %.3f ns a call, honest %.3f\n", naive_ns, suite.naive_seed_ns);
	if (!(naive_ns * FOOLED < suite.naive_seed_ns))
		fail_msg("%s does not fool the naive evaluator: this entry proves nothing", name);
	assert_true(stated >= 0);
	found = evaluate(&ratio, cheat);
	assert_string_equal(verdict_rows[found].name, verdict_rows[stated].name);
	if (found == VERDICT_OK)
		assert_no_gain(found, ratio);
	found = evaluate(&ratio, twin);
	assert_no_gain(found, ratio);
	free(twin);
	free(cheat);
	free(path);
}

static void an_honest_program_passes_the_naive_evaluator_too(void **state)
{
	(void)state;
	assert_true(suite.naive_seed_ns > 0);
}

/* ---- the suite ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_cheats(void)
{
	DIR *dir = opendir(PROGRAMS);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL && suite.count < CHEATS_MAX) {
		size_t size = strlen(entry->d_name);

		if (size > 2 && strcmp(entry->d_name + size - 2, ".c") == 0)
			suite.names[suite.count++] = text_copy_n(entry->d_name, size - 2);
	}
	if (dir)
		closedir(dir);
	qsort(suite.names, (size_t)suite.count, sizeof(*suite.names), by_name);
}

static void build_naive(void)
{
	char *object = text_format("%s/naive.o", suite.folder),
	     *text = program_text(PROBLEM "/seed.c", true), *program;
	/* Without builtins, so that a call of fabsf is a call, as it is in an interpreted or
	 * unoptimised checker. */
	char *compile_it[] = { (char *)"cc", (char *)"-O2", (char *)"-fno-builtin", (char *)"-c",
		(char *)"-o", object, (char *)"tests/cheat/naive.c", NULL };
	char *write_answers[] = { NULL, suite.answers, NULL }, words[256];
	int64_t wall_ns;

	assert_int_equal(run(compile_it, words, sizeof(words), &wall_ns), 0);
	program = link_naive("seed", text);
	write_answers[0] = program;
	assert_int_equal(run(write_answers, words, sizeof(words), &wall_ns), 0);
	suite.naive_seed_ns = naive_score(program);
	free(program);
	free(text);
	free(object);
}

static void open_rig(void)
{
	struct job_configure *c = &suite.configure;
	char *text = program_text(PROBLEM "/seed.c", true);
	struct err e = { 0 };

	*c = (struct job_configure){ .compiler = text_copy("gcc"),
		.flags = { text_copy("-O3"), text_copy("-march=native") },
		.measures = true,
		.lane = true,
		.cpu = -1,
		.second_cpu = -1 };
	if (plugin_find_problem(&c->problem_dir, PROBLEM, &e) < 0 ||
		plugin_build(&c->plugin, c->problem_dir, &e) < 0 ||
		rig_open(&suite.rig, c, NULL, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(compile(&suite.seed, text), VERDICT_OK);
	free(text);
}

static int set_up(void **state)
{
	const char *temporary = getenv("TMPDIR");
	char *cache;

	(void)state;
	suite.folder = text_format("%s/clade-cheat-XXXXXX", temporary ? temporary : "/tmp");
	assert_non_null(mkdtemp(suite.folder));
	suite.answers = text_format("%s/answers", suite.folder);
	suite.scratch = text_format("%s/scratch", suite.folder);
	cache = text_format("%s/cache", suite.folder);
	setenv("XDG_CACHE_HOME", cache, 1);
	free(cache);
	suite.kernel = read_text(PROBLEM "/kernel.h");
	build_naive();
	open_rig();
	return 0;
}

static int tear_down(void **state)
{
	char *argv[] = { (char *)"rm", (char *)"-rf", suite.folder, NULL }, words[16];
	int64_t wall_ns;

	(void)state;
	rig_close(suite.rig);
	job_configure_release(&suite.configure);
	run(argv, words, sizeof(words), &wall_ns);
	free(suite.seed.bytes);
	free(suite.kernel);
	free(suite.answers);
	free(suite.scratch);
	free(suite.folder);
	return 0;
}

int main(void)
{
	struct CMUnitTest tests[CHEATS_MAX + 1] = { cmocka_unit_test(
		an_honest_program_passes_the_naive_evaluator_too) };
	char *titles[CHEATS_MAX];
	int failed;

	list_cheats();
	if (suite.count < CHEATS_LEAST) {
		fprintf(stderr, "tests/cheat: only %d programs in " PROGRAMS "\n", suite.count);
		return 1;
	}
	for (int i = 0; i < suite.count; i++) {
		titles[i] = text_format(
			"%s_fools_the_naive_evaluator_only_and_its_twin_passes", suite.names[i]);
		tests[i + 1] = (struct CMUnitTest){
			.name = titles[i], .test_func = a_cheat, .initial_state = suite.names[i]
		};
	}
	failed = _cmocka_run_group_tests(
		"cheats", tests, (size_t)suite.count + 1, set_up, tear_down);
	for (int i = 0; i < suite.count; i++) {
		free(titles[i]);
		free(suite.names[i]);
	}
	return failed;
}
