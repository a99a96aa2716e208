/*
 * Races and duels on real boxes and a real clock, with programs whose speeds differ by large known
 * factors: nothing here depends on how fast or how quiet the machine is. The problem is the one
 * that tests/cheat attacks.
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

#include "base/err.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/plugin.h"
#include "evaluators/rig.h"

#define PROBLEM "tests/cheat/problem"
#define ONCE "void vexp(const float *x, float *y, size_t n) { honest(x, y, n); }\n"
#define TWICE \
	"void vexp(const float *x, float *y, size_t n) { honest(x, y, n); __asm__ volatile(\"\" ::: \"memory\"); honest(x, y, n); }\n"
/* Right for the checks and the first batches, which are few calls. */
#define TURNS_WRONG \
	"void vexp(const float *x, float *y, size_t n) { static int calls; honest(x, y, n); if (++calls > 100 && n) y[0] = 0; }\n"
/* Right for what searches draw, wrong for what confirmations draw. */
#define NARROW \
	"void vexp(const float *x, float *y, size_t n) { for (size_t i = 0; i < n; i++) y[i] = honest_exp(x[i] > 10 ? 10 : x[i]); }\n"
/* A fifth of the time twenty times as slow, in stretches longer than a batch, so that medians do
 * not see it. */
#define UNEVEN \
	"void vexp(const float *x, float *y, size_t n) { static unsigned calls; int times = calls++ / 60 % 5 ? 1 : 20;\n" \
	"	while (times-- > 0) { honest(x, y, n); __asm__ volatile(\"\" ::: \"memory\"); } }\n"

/* One stretch in twenty only, but fifty times as slow: no share of the slowest batches is left out. */
#define RARELY_SLOW \
	"void vexp(const float *x, float *y, size_t n) { static unsigned calls; int times = calls++ / 60 % 20 ? 1 : 50;\n" \
	"	while (times-- > 0) { honest(x, y, n); __asm__ volatile(\"\" ::: \"memory\"); } }\n"

static struct {
	char *scratch, *kernel;
	struct job_configure configure;
	struct rig *rig;
} suite;

static struct job_program program(const char *body)
{
	char *text = text_format("%s%s", suite.kernel, body);

	return (struct job_program){ .source = text, .source_bytes = strlen(text) };
}

/* incumbent NULL: an empty cell. The seed is TWICE. */
static struct job_duel_result duel_on(
	enum clade_stream stream, int layouts, const char *challenger, const char *incumbent)
{
	struct job_duel job = { .challenger = program(challenger),
		.seed = program(TWICE),
		.layouts = layouts,
		.pairs = 12,
		.delta_min = 0.02,
		.stream = stream };
	struct job_duel_result result = { 0 };
	struct err e = { 0 };

	if (incumbent)
		job.incumbent = program(incumbent);
	if (rig_duel(&result, suite.rig, &job, &e) < 0)
		fail_msg("%s", e.text);
	print_message(
		"           %s: ratio %.3f (%.3f to %.3f), report %.3f (%.3f to %.3f), %d pairs; %s\n",
		verdict_rows[result.verdict].name, result.ratio, result.ratio_low,
		result.ratio_high, result.report, result.report_low, result.report_high,
		result.pairs, result.reason ? result.reason : "");
	free((char *)(uintptr_t)job.challenger.source);
	free((char *)(uintptr_t)job.incumbent.source);
	free((char *)(uintptr_t)job.seed.source);
	return result;
}

static struct job_duel_result duel_over(
	int layouts, const char *challenger, const char *incumbent)
{
	return duel_on(CLADE_SEARCH, layouts, challenger, incumbent);
}

static struct job_duel_result duel(const char *challenger, const char *incumbent)
{
	return duel_over(3, challenger, incumbent);
}

static void assert_verdict(
	const struct job_duel_result *r, enum verdict expected, const char *reason)
{
	assert_string_equal(verdict_rows[r->verdict].name, verdict_rows[expected].name);
	if (reason)
		assert_non_null(strstr(r->reason ? r->reason : "", reason));
}

static void a_challenger_twice_as_fast_takes_the_cell(void **state)
{
	struct job_duel_result r = duel(ONCE, TWICE);

	(void)state;
	assert_verdict(&r, VERDICT_OK, NULL);
	assert_true(r.ratio > 1.5 && r.ratio < 2.7 && r.ratio_low > 1);
	assert_true(r.report > 1.5 && r.report < 2.7 && r.report_low <= r.report &&
		r.report <= r.report_high);
	assert_int_equal(r.class_count, 1);
	assert_true(fabs(r.class_ratio[0] / r.report - 1) < 1e-9);
	assert_true(r.handoff_ns > 100);
	assert_true(r.pairs >= 2 * 3 * 3);
	assert_int_equal(r.cost_count, 3);
	job_duel_result_release(&r);
}

static void a_challenger_half_as_fast_is_gone_after_a_few_pairs(void **state)
{
	struct job_duel_result r = duel(TWICE, ONCE);

	(void)state;
	assert_verdict(&r, VERDICT_SLOWER, "faster than the incumbent in");
	assert_in_range(r.pairs, 7, 30);
	assert_true(isnan(r.report));
	job_duel_result_release(&r);
}

/*
 * With three layouts Student's t asks for a gain far above the noise, so an equal program takes the
 * cell in at most 2.5 % of duels, and here the race comes before. The other side of the bound: the
 * incumbent's own text must not be called faster by more than noise.
 */
static void an_equal_challenger_does_not_take_the_cell(void **state)
{
	struct job_duel_result r = duel(ONCE, ONCE);

	(void)state;
	if (r.verdict == VERDICT_OK)
		assert_true(r.ratio < 1.1);
	else
		assert_verdict(&r, VERDICT_SLOWER, NULL);
	job_duel_result_release(&r);
}

/* One layout is one draw of a lottery and has no interval, however large the gain looks in it. */
static void a_gain_in_one_layout_only_does_not_take_the_cell(void **state)
{
	struct job_duel_result r = duel_over(1, ONCE, TWICE);

	(void)state;
	assert_verdict(&r, VERDICT_SLOWER, "over 1 layouts");
	assert_true(r.ratio > 1.5 && isnan(r.report));
	job_duel_result_release(&r);
}

static void an_empty_cell_needs_the_report_only(void **state)
{
	struct job_duel_result r = duel(ONCE, NULL);

	(void)state;
	assert_verdict(&r, VERDICT_OK, NULL);
	assert_true(isnan(r.ratio));
	assert_true(r.report > 1.5 && r.report < 2.7);
	/* Three layouts with twenty pairs, or fewer where these take longer than a layout may. */
	assert_in_range(r.pairs, 3 * 3, 3 * 20);
	job_duel_result_release(&r);
}

static void a_wrong_answer_in_the_duel_ends_it(void **state)
{
	struct job_duel_result r = duel(TURNS_WRONG, NULL);

	(void)state;
	assert_verdict(&r, VERDICT_WRONG, "exp(");
	assert_true(isnan(r.report));
	job_duel_result_release(&r);
}

static void an_incumbent_that_turns_wrong_loses_its_cell(void **state)
{
	struct job_duel_result r = duel(ONCE, TURNS_WRONG);

	(void)state;
	assert_verdict(&r, VERDICT_OK, "the incumbent failed: wrong");
	assert_true(isnan(r.ratio) && r.report > 1.5);
	job_duel_result_release(&r);
}

static void an_incumbent_that_does_not_compile_loses_its_cell(void **state)
{
	struct job_duel_result r = duel(ONCE, "void vexp(void) { oops; }\n");

	(void)state;
	assert_verdict(&r, VERDICT_OK, "the incumbent failed: compile_error");
	assert_true(isnan(r.ratio) && r.report > 1.5);
	job_duel_result_release(&r);
}

static void a_confirmation_is_timed_on_the_holdout_stream(void **state)
{
	struct job_duel_result r = duel_on(CLADE_SEARCH, 2, NARROW, NULL);

	(void)state;
	assert_verdict(&r, VERDICT_OK, NULL);
	job_duel_result_release(&r);
	r = duel_on(CLADE_HOLDOUT, 2, NARROW, NULL);
	assert_verdict(&r, VERDICT_WRONG, "exp(");
	job_duel_result_release(&r);
}

static void a_fast_median_with_slow_stretches_is_not_fast(void **state)
{
	struct job_duel_result r = duel(UNEVEN, NULL);

	(void)state;
	assert_verdict(&r, VERDICT_SLOWER, "uneven");
	job_duel_result_release(&r);
	r = duel(RARELY_SLOW, NULL);
	assert_verdict(&r, VERDICT_SLOWER, "uneven");
	job_duel_result_release(&r);
}

static void a_challenger_that_does_not_compile_says_why(void **state)
{
	struct job_duel_result r = duel("void vexp(void) { oops; }\n", ONCE);

	(void)state;
	assert_verdict(&r, VERDICT_COMPILE_ERROR, "oops");
	assert_int_equal(r.pairs, 0);
	job_duel_result_release(&r);
}

/* ---- races of an evaluation ---- */

struct image {
	void *bytes;
	size_t size;
};

static struct image compile(const char *body)
{
	struct job_compile job = { .program = program(body) };
	struct job_compile_result result = { 0 };
	struct image image;
	struct err e = { 0 };

	if (rig_compile(&result, suite.rig, &job, &e) < 0 || result.verdict != VERDICT_OK)
		fail_msg("%s %s", e.text, result.reason);
	image = (struct image){ memory_copy(result.image.bytes, result.image.size),
		result.image.size };
	free((char *)(uintptr_t)job.program.source);
	return image;
}

static struct job_evaluate_result evaluate_for(
	const char *body, const char *rival, double floor, double delta_min)
{
	struct image image = compile(body), seed = compile(TWICE),
		     opponent = rival ? compile(rival) : (struct image){ 0 };
	struct job_evaluate job = { .image = { image.bytes, image.size },
		.stream = CLADE_SEARCH,
		.rival = { opponent.bytes, opponent.size },
		.seed = { seed.bytes, seed.size },
		.floor = floor,
		.delta_min = delta_min };
	struct job_evaluate_result result = { 0 };
	struct err e = { 0 };

	if (rig_evaluate(&result, suite.rig, &job, &e) < 0)
		fail_msg("%s", e.text);
	free(image.bytes);
	free(seed.bytes);
	free(opponent.bytes);
	return result;
}

static struct job_evaluate_result evaluate(const char *body, const char *rival, double floor)
{
	return evaluate_for(body, rival, floor, 0);
}

static void an_evaluation_gives_quick_ratios_to_the_seed(void **state)
{
	struct job_evaluate_result r = evaluate(ONCE, NULL, 0);

	(void)state;
	/* Nine pairs are few where every batch is spoilt. */
	for (int i = 0; i < 3 && !(r.metrics[0] > 1.5 && r.metrics[0] < 2.7); i++) {
		job_evaluate_result_release(&r);
		r = evaluate(ONCE, NULL, 0);
	}
	assert_int_equal(r.verdict, VERDICT_OK);
	assert_true(r.metrics[0] > 1.5 && r.metrics[0] < 2.7);
	assert_int_equal(r.class_count, 1);
	assert_true(isnan(r.race_ratio));
	assert_string_equal(r.costs[2].stage, "race");
	job_evaluate_result_release(&r);
}

/*
 * An equal program gains less than a factor of four in every pair, which is plain after seven;
 * against the default of 2 % it takes some dozen. Two of three, as seven fair coins fall alike now and then.
 */
static void a_race_asks_for_the_gain_of_its_job(void **state)
{
	int plain = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct job_evaluate_result r = evaluate_for(ONCE, ONCE, 0, 1.4);

		plain += r.verdict == VERDICT_SLOWER && r.pairs <= 8;
		job_evaluate_result_release(&r);
	}
	assert_true(plain >= 2);
}

static void a_race_is_lost_early_and_without_ratios(void **state)
{
	struct job_evaluate_result r = evaluate(TWICE, ONCE, 0);

	(void)state;
	assert_int_equal(r.verdict, VERDICT_SLOWER);
	assert_in_range(r.pairs, 7, 30);
	assert_true(r.race_ratio < 0.7);
	assert_true(isnan(r.metrics[0]));
	job_evaluate_result_release(&r);
}

static void a_race_that_is_won_goes_on_to_ratios(void **state)
{
	struct job_evaluate_result r = evaluate(ONCE, TWICE, 0);

	(void)state;
	assert_int_equal(r.verdict, VERDICT_OK);
	assert_true(r.race_ratio > 1.5);
	assert_true(r.metrics[0] > 1.5);
	job_evaluate_result_release(&r);
}

static void below_the_floor_is_slower_without_a_rival(void **state)
{
	struct job_evaluate_result r = evaluate(ONCE, NULL, 4);

	(void)state;
	assert_int_equal(r.verdict, VERDICT_SLOWER);
	assert_non_null(strstr(r.reason, "less than 4"));
	job_evaluate_result_release(&r);
}

/* ---- the suite ---- */

static int set_up(void **state)
{
	const char *temporary = getenv("TMPDIR");
	struct job_configure *c = &suite.configure;
	struct err e = { 0 };
	size_t size;
	char *cache;

	(void)state;
	suite.scratch = text_format("%s/clade-duel-XXXXXX", temporary ? temporary : "/tmp");
	assert_non_null(mkdtemp(suite.scratch));
	cache = text_format("%s/cache", suite.scratch);
	setenv("XDG_CACHE_HOME", cache, 1);
	free(cache);
	*c = (struct job_configure){ .compiler = text_copy("gcc"),
		.flags = { text_copy("-O2") },
		.measures = true,
		.lane = true,
		.cpu = -1,
		.second_cpu = -1 };
	if (fdio_read_file(&suite.kernel, &size, PROBLEM "/kernel.h", 1 << 20, &e) < 0 ||
		plugin_find_problem(&c->problem_dir, PROBLEM, &e) < 0 ||
		plugin_build(&c->plugin, c->problem_dir, &e) < 0 ||
		rig_open(&suite.rig, c, NULL, &e) < 0)
		fail_msg("%s", e.text);
	return 0;
}

static int tear_down(void **state)
{
	char *command = text_format("rm -rf '%s'", suite.scratch);
	int rc = system(command);

	(void)state;
	rig_close(suite.rig);
	job_configure_release(&suite.configure);
	free(command);
	free(suite.scratch);
	free(suite.kernel);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_challenger_twice_as_fast_takes_the_cell),
		cmocka_unit_test(a_challenger_half_as_fast_is_gone_after_a_few_pairs),
		cmocka_unit_test(an_equal_challenger_does_not_take_the_cell),
		cmocka_unit_test(a_gain_in_one_layout_only_does_not_take_the_cell),
		cmocka_unit_test(an_empty_cell_needs_the_report_only),
		cmocka_unit_test(a_wrong_answer_in_the_duel_ends_it),
		cmocka_unit_test(an_incumbent_that_turns_wrong_loses_its_cell),
		cmocka_unit_test(an_incumbent_that_does_not_compile_loses_its_cell),
		cmocka_unit_test(a_confirmation_is_timed_on_the_holdout_stream),
		cmocka_unit_test(a_fast_median_with_slow_stretches_is_not_fast),
		cmocka_unit_test(a_challenger_that_does_not_compile_says_why),
		cmocka_unit_test(an_evaluation_gives_quick_ratios_to_the_seed),
		cmocka_unit_test(a_race_asks_for_the_gain_of_its_job),
		cmocka_unit_test(a_race_is_lost_early_and_without_ratios),
		cmocka_unit_test(a_race_that_is_won_goes_on_to_ratios),
		cmocka_unit_test(below_the_floor_is_slower_without_a_rival),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
