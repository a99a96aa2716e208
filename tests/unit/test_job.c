#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "evaluators/cascade.h"
#include "evaluators/job.h"

/* The one frame in b, which is used up. */
static struct frame take(struct buffer *b)
{
	struct frame f = { 0 };

	assert_int_equal(frame_decode(&f, b, NULL), 1);
	assert_int_equal(b->size, 0);
	buffer_release(b);
	return f;
}

static struct buffer new_buffer(void)
{
	struct buffer b;

	buffer_init(&b, FRAME_BYTES_MAX);
	return b;
}

static void a_configuration_survives_its_journey(void **state)
{
	struct job_configure c = { .problem_dir = (char *)"/p",
		.plugin = (char *)"/p.so",
		.compiler = (char *)"gcc",
		.flags = { (char *)"-O3", (char *)"-march=native" },
		.support = { (char *)"a.c" },
		.candidate_included = true,
		.measures = true,
		.cpu = 3,
		.second_cpu = -1,
		.lane = true,
		.compile_cpus = { 0, 5 },
		.compile_cpu_count = 2,
		.job_limit_ns = 86400000000000,
		.seed = UINT64_MAX - 1,
		.has_seed = true,
		.parameters = { { (char *)"horizon", (char *)"7" } } };
	struct job_configure read = { 0 };
	struct buffer b = new_buffer();
	struct frame f;

	(void)state;
	for (int i = 0; i < 32; i++)
		c.key[i] = (uint8_t)(i * 37);
	assert_int_equal(job_configure_encode(&b, &c, NULL), 0);
	f = take(&b);
	assert_int_equal(job_configure_decode(&read, f.head, NULL), 0);
	frame_release(&f);
	assert_string_equal(read.problem_dir, "/p");
	assert_string_equal(read.flags[1], "-march=native");
	assert_null(read.flags[2]);
	assert_string_equal(read.support[0], "a.c");
	assert_null(read.include_dir);
	assert_true(read.candidate_included && read.measures && read.lane && read.has_seed);
	assert_int_equal(read.cpu, 3);
	assert_int_equal(read.second_cpu, -1);
	assert_int_equal(read.compile_cpus[1], 5);
	assert_int_equal(read.compile_cpu_count, 2);
	assert_true(read.job_limit_ns == 86400000000000);
	assert_true(read.seed == UINT64_MAX - 1);
	assert_memory_equal(read.key, c.key, 32);
	assert_string_equal(read.parameters[0][0], "horizon");
	assert_string_equal(read.parameters[0][1], "7");
	job_configure_release(&read);
}

static void another_version_is_refused_with_the_mend(void **state)
{
	struct job_configure c = { .problem_dir = (char *)"/p",
		.plugin = (char *)"/p.so",
		.cpu = -1,
		.second_cpu = -1 },
			     read = { 0 };
	struct buffer b = new_buffer();
	struct err e = { 0 };
	struct frame f;

	(void)state;
	assert_int_equal(job_configure_encode(&b, &c, NULL), 0);
	f = take(&b);
	json_put_i64(f.head, "version", FRAME_VERSION + 1);
	assert_int_equal(job_configure_decode(&read, f.head, &e), ERR_PROTOCOL);
	assert_non_null(strstr(e.text, "same clade"));
	frame_release(&f);
}

static void a_compile_job_survives_its_journey(void **state)
{
	struct job_compile j = { .program = { "int a;\0b", 8, { "-funroll-loops" } },
		.constants = 3 },
			   read;
	struct buffer b = new_buffer();
	struct frame f;

	(void)state;
	assert_int_equal(job_compile_encode(&b, 17, &j, NULL), 0);
	f = take(&b);
	assert_string_equal(json_text_or(f.head, "kind", ""), "compile");
	assert_int_equal(json_i64_or(f.head, "id", 0), 17);
	assert_int_equal(job_compile_decode(&read, &f, NULL), 0);
	assert_int_equal(read.program.source_bytes, 8);
	assert_memory_equal(read.program.source, "int a;\0b", 8);
	assert_string_equal(read.program.flags[0], "-funroll-loops");
	assert_null(read.program.flags[1]);
	assert_int_equal(read.constants, 3);
	frame_release(&f);
}

static void a_compile_result_survives_its_journey(void **state)
{
	struct job_compile_result r = { .verdict = VERDICT_COMPILE_ERROR,
		.reason = text_copy("candidate.c:1: no"),
		.image = { "ELF", 3 },
		.code_bytes = 99,
		.data_bytes = 7,
		.costs = { { "compile", 5, 1LL << 60 } },
		.cost_count = 1 },
				  read;
	struct buffer b = new_buffer();
	struct frame f;

	(void)state;
	assert_int_equal(job_compile_result_encode(&b, 1, &r, NULL), 0);
	f = take(&b);
	assert_int_equal(job_compile_result_decode(&read, &f, NULL), 0);
	assert_int_equal(read.verdict, VERDICT_COMPILE_ERROR);
	assert_string_equal(read.reason, r.reason);
	assert_memory_equal(read.image.bytes, "ELF", 3);
	assert_int_equal(read.code_bytes, 99);
	assert_string_equal(read.costs[0].stage, "compile");
	assert_true(read.costs[0].cpu_ns == 1LL << 60);
	job_compile_result_release(&read);
	job_compile_result_release(&r);
	frame_release(&f);
}

static void an_evaluation_survives_its_journey(void **state)
{
	struct job_evaluate j = { .image = { "image", 5 },
		.stream = CLADE_HOLDOUT,
		.seed = { "seed", 4 },
		.floor = 0.1,
		.delta_min = 0.05 },
			    read;
	struct job_evaluate_result r = { .verdict = VERDICT_OK,
		.class_ratio = { 1.0 / 3, 2 },
		.class_count = 2,
		.pairs = 44,
		.race_ratio = NAN },
				   result;
	struct buffer b = new_buffer();
	struct frame f;

	(void)state;
	assert_int_equal(job_evaluate_encode(&b, 2, &j, NULL), 0);
	f = take(&b);
	assert_int_equal(job_evaluate_decode(&read, &f, NULL), 0);
	assert_int_equal(read.stream, CLADE_HOLDOUT);
	assert_memory_equal(read.seed.bytes, "seed", 4);
	assert_int_equal(read.rival.size, 0);
	assert_true(read.floor == 0.1 && read.delta_min == 0.05);
	frame_release(&f);
	for (int i = 0; i < CLADE_METRICS_MAX; i++)
		r.metrics[i] = i == 3 ? NAN : 0.1 * i;
	b = new_buffer();
	assert_int_equal(job_evaluate_result_encode(&b, 2, &r, NULL), 0);
	f = take(&b);
	assert_int_equal(job_evaluate_result_decode(&result, &f, NULL), 0);
	assert_true(result.metrics[7] == 0.1 * 7 && isnan(result.metrics[3]) &&
		isnan(result.race_ratio));
	assert_true(result.class_ratio[0] == 1.0 / 3);
	assert_int_equal(result.pairs, 44);
	assert_null(result.reason);
	job_evaluate_result_release(&result);
	frame_release(&f);
}

static void a_duel_survives_its_journey(void **state)
{
	struct job_duel j = { .challenger = { "c", 1, { NULL } },
		.seed = { "s", 1, { NULL } },
		.layouts = 6,
		.pairs = 24,
		.delta_min = 0.02,
		.stream = CLADE_HOLDOUT },
			read;
	struct job_duel_result r = { .verdict = VERDICT_OK,
		.ratio = NAN,
		.ratio_low = -INFINITY,
		.ratio_high = INFINITY,
		.report = 1.5,
		.report_low = 1.4,
		.report_high = 1.6,
		.class_ratio = { 1.5 },
		.class_count = 1,
		.pairs = 300,
		.handoff_ns = 4100.5 },
			       result;
	struct buffer b = new_buffer();
	struct frame f;

	(void)state;
	assert_int_equal(job_duel_encode(&b, 3, &j, NULL), 0);
	f = take(&b);
	assert_int_equal(job_duel_decode(&read, &f, NULL), 0);
	assert_null(read.incumbent.source);
	assert_memory_equal(read.challenger.source, "c", 1);
	assert_int_equal(read.layouts, 6);
	assert_int_equal(read.stream, CLADE_HOLDOUT);
	frame_release(&f);
	j.stream = (enum clade_stream)0;
	b = new_buffer();
	assert_int_equal(job_duel_encode(&b, 3, &j, NULL), 0);
	f = take(&b);
	assert_int_equal(job_duel_decode(&read, &f, NULL), 0);
	assert_int_equal(read.stream, CLADE_SEARCH);
	frame_release(&f);
	b = new_buffer();
	assert_int_equal(job_duel_result_encode(&b, 3, &r, NULL), 0);
	f = take(&b);
	assert_int_equal(job_duel_result_decode(&result, &f, NULL), 0);
	assert_true(isnan(result.ratio) && isnan(result.ratio_low) && result.report == 1.5 &&
		result.handoff_ns == 4100.5);
	job_duel_result_release(&result);
	frame_release(&f);
}

static void a_tuning_survives_its_journey(void **state)
{
	struct job_tune j = { .image = { "i", 1 },
		.constants = { 0.1, -3 },
		.constant_count = 2,
		.crossings_max = 500 },
			read;
	struct job_tune_result r = { .verdict = VERDICT_TIMEOUT,
		.reason = text_copy("slow"),
		.constants = { 1e-300 },
		.constant_count = 1,
		.before = 0.5,
		.after = NAN,
		.crossings = 9 },
			       result;
	struct buffer b = new_buffer();
	struct frame f;

	(void)state;
	assert_int_equal(job_tune_encode(&b, 4, &j, NULL), 0);
	f = take(&b);
	assert_int_equal(job_tune_decode(&read, &f, NULL), 0);
	assert_true(
		read.constants[0] == 0.1 && read.constants[1] == -3 && read.constant_count == 2);
	frame_release(&f);
	b = new_buffer();
	assert_int_equal(job_tune_result_encode(&b, 4, &r, NULL), 0);
	f = take(&b);
	assert_int_equal(job_tune_result_decode(&result, &f, NULL), 0);
	assert_int_equal(result.verdict, VERDICT_TIMEOUT);
	assert_true(result.constants[0] == 1e-300 && isnan(result.after));
	job_tune_result_release(&result);
	job_tune_result_release(&r);
	frame_release(&f);
}

static void an_error_in_place_of_a_verdict_is_our_own_failure(void **state)
{
	struct job_evaluate_result result;
	struct buffer b = new_buffer();
	struct err e = { 0 };
	struct frame f;

	(void)state;
	assert_int_equal(job_error_encode(&b, 5, "no memory for \"that\"", NULL), 0);
	f = take(&b);
	assert_int_equal(job_evaluate_result_decode(&result, &f, &e), ERR_CHILD);
	assert_non_null(strstr(e.text, "no memory for \"that\""));
	frame_release(&f);
}

static void a_head_with_a_piece_missing_is_refused(void **state)
{
	static const char *const keys[] = { "image", "stream" };
	struct job_evaluate j = { .image = { "image", 5 }, .stream = CLADE_SEARCH }, read;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buffer b = new_buffer();
		struct err e = { 0 };
		struct frame f;

		assert_int_equal(job_evaluate_encode(&b, 2, &j, NULL), 0);
		f = take(&b);
		cJSON_DeleteItemFromObjectCaseSensitive(f.head, keys[i]);
		assert_int_equal(job_evaluate_decode(&read, &f, &e), ERR_PROTOCOL);
		frame_release(&f);
	}
}

static void a_blob_that_is_not_there_is_refused(void **state)
{
	static const double indices[] = { 1, -1, 1e9, 0.5 };
	struct job_evaluate j = { .image = { "image", 5 }, .stream = CLADE_SEARCH }, read;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct buffer b = new_buffer();
		struct frame f;

		assert_int_equal(job_evaluate_encode(&b, 2, &j, NULL), 0);
		f = take(&b);
		json_put_double(f.head, "image", indices[i]);
		assert_int_equal(job_evaluate_decode(&read, &f, NULL), ERR_PROTOCOL);
		frame_release(&f);
	}
}

static void decode_everything(const struct frame *f)
{
	struct job_configure configure = { 0 };
	struct job_compile compile;
	struct job_evaluate evaluate;
	struct job_duel duel;
	struct job_tune tune;
	struct job_compile_result compiled = { 0 };
	struct job_evaluate_result evaluated = { 0 };
	struct job_duel_result dueled = { 0 };
	struct job_tune_result tuned = { 0 };

	job_configure_decode(&configure, f->head, NULL);
	job_compile_decode(&compile, f, NULL);
	job_evaluate_decode(&evaluate, f, NULL);
	job_duel_decode(&duel, f, NULL);
	job_tune_decode(&tune, f, NULL);
	job_compile_result_decode(&compiled, f, NULL);
	job_evaluate_result_decode(&evaluated, f, NULL);
	job_duel_result_decode(&dueled, f, NULL);
	job_tune_result_decode(&tuned, f, NULL);
	job_configure_release(&configure);
	job_compile_result_release(&compiled);
	job_evaluate_result_release(&evaluated);
	job_duel_result_release(&dueled);
	job_tune_result_release(&tuned);
}

/* Under the sanitizers this is where a careless index shows. */
static void mutilated_heads_never_hurt(void **state)
{
	struct job_duel j = { .challenger = { "c", 1, { "-O2" } },
		.seed = { "s", 1, { NULL } },
		.layouts = 6,
		.pairs = 24,
		.delta_min = 0.02 };
	struct buffer b = new_buffer();
	struct random r;
	struct frame f;
	char *text;
	size_t size;
	int parsed = 0;

	(void)state;
	random_keyed(&r, 7, 7);
	assert_int_equal(job_duel_encode(&b, 3, &j, NULL), 0);
	f = take(&b);
	text = json_text(f.head);
	size = strlen(text);
	for (int i = 0; i < 20000; i++) {
		size_t at = (size_t)random_below(&r, size);
		char before = text[at];
		struct frame mutated = f;

		text[at] = "0129-{}[]\",:ntrue x"[random_below(&r, 19)];
		if (json_parse(&mutated.head, text, size, NULL) == 0) {
			parsed++;
			decode_everything(&mutated);
			cJSON_Delete(mutated.head);
		}
		text[at] = before;
	}
	assert_true(parsed > 1000);
	free(text);
	frame_release(&f);
}

static void every_verdict_and_stage_has_its_row(void **state)
{
	(void)state;
	for (int i = 0; i < VERDICT_COUNT; i++) {
		assert_int_equal(verdict_find(verdict_rows[i].name), i);
		assert_true(cascade_find(verdict_rows[i].stage) >= 0);
	}
	for (int i = 0; i < CASCADE_COUNT; i++)
		assert_int_equal(cascade_find(cascade_rows[i].name), i);
	assert_int_equal(verdict_find("fine"), -1);
	assert_int_equal(verdict_find(NULL), -1);
	assert_int_equal(cascade_find("dream"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_configuration_survives_its_journey),
		cmocka_unit_test(another_version_is_refused_with_the_mend),
		cmocka_unit_test(a_compile_job_survives_its_journey),
		cmocka_unit_test(a_compile_result_survives_its_journey),
		cmocka_unit_test(an_evaluation_survives_its_journey),
		cmocka_unit_test(a_duel_survives_its_journey),
		cmocka_unit_test(a_tuning_survives_its_journey),
		cmocka_unit_test(an_error_in_place_of_a_verdict_is_our_own_failure),
		cmocka_unit_test(a_head_with_a_piece_missing_is_refused),
		cmocka_unit_test(a_blob_that_is_not_there_is_refused),
		cmocka_unit_test(mutilated_heads_never_hurt),
		cmocka_unit_test(every_verdict_and_stage_has_its_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
