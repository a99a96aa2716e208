/*
 * Programs that stay awake after their answer, on a kernel so slow that a run has a few crossings
 * only: against an open measurement, which writes the next inputs at once and counts nothing, and
 * which they must fool; and against the rig, whose evaluation and whose duel must both answer the
 * verdict in the program's own comment. The same program with HONEST defined must pass.
 *
 *   open: cheat, seed, cheat, seed, ... on one core; the seed's median time over the cheat's
 */
#include <math.h>
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
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "evaluators/duel.h"
#include "evaluators/plugin.h"
#include "evaluators/rig.h"

#define PROBLEM "tests/cheat/slow"
#define STEPS 4000000 /* kernel.h */
#define ROUNDS 9 /* of the open measurement, behind a warm one */
#define LIMIT_NS INT64_C(1000000000)
/* The seed's time over the cheat's: `ahead` shows some hundred, `spin` about two, as two processes
 * share the core while it spins. */
#define FOOLED 1.3
#define ATTEMPTS 4 /* of the open measurement, which has no defence against a busy machine */
/* Batches of some ms lose the core to whoever else is there: what counts is that no alarm rings. */
#define HONEST_MOST 5.0
#define HONEST_LEAST 0.2

static struct {
	struct job_configure configure;
	struct rig *rig;
	char *kernel, *seed_text, *cache;
	int seed; /* sealed image */
} suite;

static char *read_text(const char *path)
{
	char *text = NULL;
	size_t size;
	struct err e = { 0 };

	if (fdio_read_file(&text, &size, path, 1 << 20, &e) < 0)
		fail_msg("%s", e.text);
	return text;
}

static char *program_text(const char *path, bool honest)
{
	char *body = read_text(path),
	     *all = text_format("%s%s%s", honest ? "#define HONEST 1\n" : "", suite.kernel, body);

	free(body);
	return all;
}

static enum verdict stated_verdict(const char *text)
{
	const char *at = strstr(text, "Verdict: ");
	char *word;
	int verdict;

	assert_non_null(at);
	at += strlen("Verdict: ");
	word = text_copy_n(at, strspn(at, "abcdefghijklmnopqrstuvwxyz_"));
	verdict = verdict_find(word);
	assert_true(verdict >= 0);
	free(word);
	return (enum verdict)verdict;
}

static int compile(const char *text)
{
	struct job_compile job = { .program = { text, strlen(text), { NULL } } };
	struct job_compile_result result = { 0 };
	struct err e = { 0 };
	int fd;

	if (rig_compile(&result, suite.rig, &job, &e) < 0 || result.verdict != VERDICT_OK ||
		fdio_sealed(&fd, "image", result.image.bytes, result.image.size, &e) < 0)
		fail_msg("%s %s", e.text, result.reason ? result.reason : "");
	job_compile_result_release(&result);
	return fd;
}

/* ---- the open measurement ---- */

static struct run_child *start(int image)
{
	struct run_spec spec = { .tier = SANDBOX_STRICT,
		.image = image,
		.entry = "clade_call",
		.arguments_bytes = suite.rig->evaluator->arguments_bytes,
		.results_bytes = suite.rig->evaluator->results_bytes,
		.channel = RUN_BLOCKING,
		.cpu = suite.rig->cpu };
	enum sandbox_outcome outcome;
	struct run_child *child = NULL;
	struct err e = { 0 };
	char reason[256] = "";

	if (run_child_start(&child, suite.rig->box, &spec, &outcome, reason, &e) != 0)
		fail_msg("%s%s", e.text, reason);
	return child;
}

/* So many steps of the kernel's generator at once, by squaring the step: the driver must not take
 * the core itself. */
static uint64_t jump(uint64_t x, uint64_t steps)
{
	uint64_t factor = 6364136223846793005u, term = 1442695040888963407u;

	for (; steps; steps >>= 1) {
		if (steps & 1)
			x = x * factor + term;
		term *= factor + 1;
		factor *= factor;
	}
	return x;
}

static double open_call(struct run_child *child, uint64_t x)
{
	static const struct run_call call = { 0, 0 };
	struct run_crossing crossing = { 0 };
	uint64_t y, expected = jump(x, STEPS);
	struct err e = { 0 };

	memcpy(run_child_arguments(child), &x, sizeof(x));
	if (run_child_cross(&crossing, child, &call, 1, &y, sizeof(y), LIMIT_NS, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(crossing.outcome, SANDBOX_OK);
	assert_true(y == expected);
	return (double)crossing.wall_ns;
}

static double open_ratio(const char *cheat)
{
	int image = compile(cheat);
	struct run_child *sides[] = { start(image), start(suite.seed) };
	double times[2][ROUNDS];
	struct random r;

	assert_int_equal(random_fresh(&r, NULL), 0);
	for (int i = -1; i < ROUNDS; i++) {
		for (int side = 0; side < 2; side++)
			times[side][i < 0 ? 0 : i] = open_call(sides[side], random_u64(&r));
	}
	run_child_end(sides[0]);
	run_child_end(sides[1]);
	close(image);
	return duel_median(times[1], ROUNDS, 0.05).estimate /
		duel_median(times[0], ROUNDS, 0.05).estimate;
}

/* ---- the rig ---- */

static struct frame_blob blob_of(int image)
{
	off_t size = lseek(image, 0, SEEK_END);
	void *bytes = memory_alloc((size_t)size);

	assert_true(pread(image, bytes, (size_t)size, 0) == size);
	return (struct frame_blob){ bytes, (size_t)size };
}

static enum verdict evaluate(double *ratio, const char *text)
{
	int image = compile(text);
	struct job_evaluate job = { .image = blob_of(image),
		.stream = CLADE_SEARCH,
		.seed = blob_of(suite.seed) };
	struct job_evaluate_result result = { 0 };
	enum verdict verdict;
	struct err e = { 0 };

	if (rig_evaluate(&result, suite.rig, &job, &e) < 0)
		fail_msg("%s", e.text);
	verdict = result.verdict;
	*ratio = result.metrics[0];
	print_message("           evaluate: %s, %.2f times the seed; %s\n",
		verdict_rows[verdict].name, *ratio, result.reason ? result.reason : "");
	job_evaluate_result_release(&result);
	free((void *)(uintptr_t)job.image.bytes);
	free((void *)(uintptr_t)job.seed.bytes);
	close(image);
	return verdict;
}

static enum verdict duel(double *ratio, const char *text)
{
	struct job_duel job = { .challenger = { text, strlen(text), { NULL } },
		.seed = { suite.seed_text, strlen(suite.seed_text), { NULL } },
		.layouts = 3,
		.pairs = 3,
		.delta_min = 0.02 };
	struct job_duel_result result = { 0 };
	enum verdict verdict;
	struct err e = { 0 };

	if (rig_duel(&result, suite.rig, &job, &e) < 0)
		fail_msg("%s", e.text);
	verdict = result.verdict;
	*ratio = result.report;
	print_message("           duel: %s, %.2f times the seed; %s\n", verdict_rows[verdict].name,
		*ratio, result.reason ? result.reason : "");
	job_duel_result_release(&result);
	return verdict;
}

/* ---- the tests ---- */

static void cheat(const char *name)
{
	char *path = text_format(PROBLEM "/programs/%s.c", name), *text = program_text(path, false);
	enum verdict stated = stated_verdict(text);
	double ratio = 0;
	bool fooled;

	for (int i = 0; i < ATTEMPTS && !(ratio > FOOLED); i++)
		ratio = open_ratio(text);
	print_message("           open: %.2f times the seed\n", ratio);
	fooled = ratio > FOOLED;
	assert_string_equal(
		verdict_rows[evaluate(&ratio, text)].name, verdict_rows[stated].name);
	assert_string_equal(verdict_rows[duel(&ratio, text)].name, verdict_rows[stated].name);
	free(text);
	free(path);
	if (!fooled)      /* a scheduler that lets nobody starve: then the entry proves nothing here, and says so */
		skip();
}

static void twin(const char *name)
{
	char *path = text_format(PROBLEM "/programs/%s.c", name), *text = program_text(path, true);
	double ratio;

	assert_string_equal(verdict_rows[evaluate(&ratio, text)].name, "ok");
	assert_true(ratio > HONEST_LEAST && ratio < HONEST_MOST);
	assert_string_equal(verdict_rows[duel(&ratio, text)].name, "ok");
	assert_true(ratio > HONEST_LEAST && ratio < HONEST_MOST);
	free(text);
	free(path);
}

static void computing_ahead_fools_the_open_measurement_only(void **state)
{
	(void)state;
	cheat("ahead");
}

static void the_twin_of_ahead_passes(void **state)
{
	(void)state;
	twin("ahead");
}

static void starving_the_rival_fools_the_open_measurement_only(void **state)
{
	(void)state;
	cheat("spin");
}

static void the_twin_of_spin_passes(void **state)
{
	(void)state;
	twin("spin");
}

static int set_up(void **state)
{
	const char *temporary = getenv("TMPDIR");
	struct job_configure *c = &suite.configure;
	struct err e = { 0 };

	(void)state;
	suite.cache = text_format("%s/clade-awake-XXXXXX", temporary ? temporary : "/tmp");
	assert_non_null(mkdtemp(suite.cache));
	setenv("XDG_CACHE_HOME", suite.cache, 1);
	*c = (struct job_configure){ .compiler = text_copy("gcc"),
		.flags = { text_copy("-O2") },
		.measures = true,
		.lane = true,
		.cpu = -1,
		.second_cpu = -1 };
	if (plugin_find_problem(&c->problem_dir, PROBLEM, &e) < 0 ||
		plugin_build(&c->plugin, c->problem_dir, &e) < 0 ||
		rig_open(&suite.rig, c, NULL, &e) < 0)
		fail_msg("%s", e.text);
	suite.kernel = read_text(PROBLEM "/kernel.h");
	suite.seed_text = program_text(PROBLEM "/seed.c", true);
	suite.seed = compile(suite.seed_text);
	return 0;
}

static int tear_down(void **state)
{
	char *folder = text_format("%s/clade", suite.cache);

	(void)state;
	rig_close(suite.rig);
	unlink(suite.configure.plugin);
	rmdir(folder);
	rmdir(suite.cache);
	job_configure_release(&suite.configure);
	close(suite.seed);
	free(folder);
	free(suite.cache);
	free(suite.kernel);
	free(suite.seed_text);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(computing_ahead_fools_the_open_measurement_only),
		cmocka_unit_test(the_twin_of_ahead_passes),
		cmocka_unit_test(starving_the_rival_fools_the_open_measurement_only),
		cmocka_unit_test(the_twin_of_spin_passes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
