/*
 * The built-in problems through their own settings, the compile box and the run box: every
 * reference row is reproduced to its printed digit, and planted wrong programs are refused.
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
#include "base/text.h"
#include "evaluators/rig.h"
#include "orchestrator/campaign.h"

#define SOURCE_MAX (64u << 10)

/* A rig set up by the problem's own campaign.yaml. */
struct bench {
	struct campaign campaign;
	struct job_configure configure;
	struct worker_hooks hooks;
	struct rig *rig;
};

static void assert_fine(int rc, const struct err *e)
{
	if (rc < 0)
		fail_msg("%s", e->text);
}

static void set_parameter(struct bench *b, const char *name, const char *value)
{
	char *(*row)[2] = b->configure.parameters;

	while ((*row)[0] != NULL && !text_equal((*row)[0], name))
		row++;
	free((*row)[1]);
	if ((*row)[0] == NULL)
		(*row)[0] = text_copy(name);
	(*row)[1] = text_copy(value);
}

static void bench_configure(struct bench *b, const char *problem)
{
	struct job_configure *j = &b->configure;
	const struct campaign *c = &b->campaign;
	const char *build = getenv("CLADE_BUILD");
	char *folder = text_format("evaluators/problems/%s", problem);
	struct err e = { 0 };

	*b = (struct bench){ 0 };
	campaign_init(&b->campaign);
	assert_fine(campaign_load(&b->campaign, folder, &e), &e);
	free(folder);
	*j = (struct job_configure){
		.cpu = -1, .second_cpu = -1, .measures = true, .seed = 7, .has_seed = true,
		.candidate_included = c->unit == CAMPAIGN_UNIT_INCLUDED,
	};
	j->problem_dir = text_copy(c->problem_dir);
	j->plugin = text_format("%s/problems/%s.so", build != NULL ? build : "build", problem);
	j->compiler = text_copy(c->compiler);
	if (c->include != NULL)
		j->include_dir = c->include[0] == '/' ? text_copy(c->include)
			: text_format("%s/%s", c->problem_dir, c->include);
	for (int i = 0; i < c->target_flags.count; i++)
		j->flags[i] = text_copy(c->target_flags.words[i]);
	for (int i = 0; i < c->parameters.count; i++)
		set_parameter(b, c->parameters.pairs[i][0], c->parameters.pairs[i][1]);
}

static void bench_open(struct bench *b, const char *problem)
{
	struct err e = { 0 };

	bench_configure(b, problem);
	assert_fine(rig_open(&b->rig, &b->configure, &b->hooks, &e), &e);
}

static void bench_close(struct bench *b)
{
	rig_close(b->rig);
	job_configure_release(&b->configure);
	campaign_release(&b->campaign);
}

/* Text of a file of the problem's folder; the caller frees. */
static char *bench_file(const struct bench *b, const char *name)
{
	char *path = text_format("%s/%s", b->configure.problem_dir, name), *text = NULL;
	struct err e = { 0 };
	size_t size;

	assert_fine(fdio_read_file(&text, &size, path, SOURCE_MAX, &e), &e);
	free(path);
	return text;
}

/* The image of a program that has to compile; the caller frees its bytes. */
static struct frame_blob bench_image(struct bench *b, const char *source, int constants)
{
	struct job_compile job = {
		.program = { .source = source, .source_bytes = strlen(source) },
		.constants = constants,
	};
	struct job_compile_result result = { 0 };
	struct frame_blob image;
	struct err e = { 0 };

	assert_fine(rig_compile(&result, b->rig, &job, &e), &e);
	if (result.verdict != VERDICT_OK)
		fail_msg("%s: %s\n%s", verdict_rows[result.verdict].name, result.reason, source);
	image = (struct frame_blob){ memory_copy(result.image.bytes, result.image.size),
		result.image.size };
	job_compile_result_release(&result);
	return image;
}

static void blob_free(struct frame_blob image)
{
	free((void *)(uintptr_t)image.bytes);
}

static struct job_evaluate_result bench_run(struct bench *b, struct frame_blob image,
	struct frame_blob seed, enum clade_stream stream)
{
	struct job_evaluate job = { .image = image, .seed = seed, .stream = stream };
	struct job_evaluate_result result = { 0 };
	struct err e = { 0 };

	assert_fine(rig_evaluate(&result, b->rig, &job, &e), &e);
	return result;
}

static struct job_evaluate_result bench_try(struct bench *b, const char *source,
	enum clade_stream stream)
{
	struct frame_blob image = bench_image(b, source, 0);
	struct job_evaluate_result result = bench_run(b, image, image, stream);

	blob_free(image);
	return result;
}

/* The first two metrics of a program that is right. */
static void bench_measure(double metrics[2], struct bench *b, const char *source,
	enum clade_stream stream)
{
	struct job_evaluate_result result = bench_try(b, source, stream);

	if (result.verdict != VERDICT_OK)
		fail_msg("%s: %s\n%s", verdict_rows[result.verdict].name, result.reason, source);
	memcpy(metrics, result.metrics, 2 * sizeof(*metrics));
	job_evaluate_result_release(&result);
}

static void bench_measure_file(double metrics[2], struct bench *b, const char *name,
	enum clade_stream stream)
{
	char *source = bench_file(b, name);

	bench_measure(metrics, b, source, stream);
	free(source);
}

/* said: what the reason holds, or NULL. */
static void assert_refused(struct bench *b, const char *source, enum verdict verdict,
	const char *said)
{
	struct job_evaluate_result result = bench_try(b, source, CLADE_SEARCH);

	if (result.verdict != verdict || (said != NULL && strstr(result.reason, said) == NULL))
		fail_msg("%s: %s\n%s", verdict_rows[result.verdict].name, result.reason, source);
	job_evaluate_result_release(&result);
}

/* ---- exp2_ops ---- */

static void assert_error(double digits, const char *printed)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3e", pow(10, -digits));
	assert_string_equal(text, printed);
}

static void published_programs_have_their_published_errors(void **state)
{
	static const struct { const char *file, *in_double, *exact; } rows[] = {
		{ "reference/f2.c", "4.138e-02", "4.138e-02" },
		{ "reference/f3.c", "1.227e-03", "1.227e-03" },
		{ "reference/f5.c", "6.339e-06", "6.339e-06" },
		{ "reference/f10.c", "4.888e-15", "3.553e-15" },
	};
	struct bench b;
	double metrics[2];

	(void)state;
	bench_open(&b, "exp2_ops");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bench_measure_file(metrics, &b, rows[i].file, CLADE_SEARCH);
		assert_error(metrics[0], rows[i].in_double);
		assert_error(metrics[1], rows[i].exact);
	}
	bench_close(&b);
}

static void the_taylor_seed_has_four_digits_on_every_stream(void **state)
{
	struct bench b;
	double metrics[2];

	(void)state;
	bench_open(&b, "exp2_ops");
	bench_measure_file(metrics, &b, "seed.c", CLADE_SEARCH);
	assert_error(metrics[0], "8.536e-05");
	bench_measure_file(metrics, &b, "seed.c", CLADE_HOLDOUT);
	assert_error(metrics[0], "8.536e-05");
	bench_close(&b);
}

static void a_pole_is_a_wrong_answer(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, "exp2_ops");
	assert_refused(&b, "real exp2_approx(real x) { return 1.0 / (x - 0.5); }\n", VERDICT_WRONG,
		"x = 0.5");
	assert_refused(&b, "real exp2_approx(real x) { real z = x - x; return z / z; }\n",
		VERDICT_WRONG, "not a finite number in double");
	assert_refused(&b, "real exp2_approx(real x) { return x + 1e300 * 1e300; }\n",
		VERDICT_WRONG, "not a finite number");
	bench_close(&b);
}

/* 1 + x is off by 6.15 % at most; with x cut to an integer it would be 1, off by a half. */
static void a_local_of_an_integer_type_does_not_truncate(void **state)
{
	static const char *const types[] = { "int", "unsigned", "long", "char", "_Bool", "float" };
	struct bench b;
	double metrics[2];

	(void)state;
	bench_open(&b, "exp2_ops");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char *source = text_format("real exp2_approx(real x)\n"
			"{ %s t = x; return t + 1.0; }\n", types[i]);

		bench_measure(metrics, &b, source, CLADE_SEARCH);
		assert_error(metrics[0], "6.148e-02");
		assert_error(metrics[1], "6.148e-02");
		free(source);
	}
	bench_close(&b);
}

/* Twenty-five terms of the series: closer than either format can tell. */
static void digits_end_where_the_formats_end(void **state)
{
	char source[4096];
	long double terms[25] = { 1 };
	struct bench b;
	double metrics[2];
	int at;

	(void)state;
	for (int k = 1; k < 25; k++)
		terms[k] = terms[k - 1] * logl(2) / k;
	at = snprintf(source, sizeof(source), "real exp2_approx(real x)\n{\n\treal t = 0.0;\n");
	for (int k = 24; k >= 0; k--)
		at += snprintf(source + at, sizeof(source) - (size_t)at, "\tt = t * x + %.21LeL;\n",
			terms[k]);
	snprintf(source + at, sizeof(source) - (size_t)at, "\treturn t;\n}\n");
	bench_open(&b, "exp2_ops");
	bench_measure(metrics, &b, source, CLADE_SEARCH);
	assert_true(metrics[0] > 15 && metrics[0] <= 53 * log10(2) + 1e-12);
	assert_true(metrics[1] > 18 && metrics[1] <= 63 * log10(2) + 1e-12);
	bench_close(&b);
}

/* A tuner that only looks: the sum of squares at the constants that it was given. */
static double looked_at;
static int look(double *constants, int constant_count, int residual_count, worker_residuals_fn *f,
	void *context, int evaluations_max, struct err *e)
{
	double residuals[64];

	(void)constant_count;
	(void)evaluations_max;
	(void)e;
	assert_int_equal(residual_count, 64);
	assert_int_equal(f(context, constants, residuals), 0);
	looked_at = 0;
	for (int i = 0; i < residual_count; i++)
		looked_at += residuals[i] * residuals[i];
	return 0;
}

static void residuals_are_relative_errors_at_the_nodes(void **state)
{
	struct job_tune job = { .constants = { 1.5, 0.25 }, .constant_count = 2,
		.crossings_max = 10 };
	struct job_tune_result result = { 0 };
	struct bench b;
	struct err e = { 0 };
	double expected = 0;

	(void)state;
	bench_configure(&b, "exp2_ops");
	b.hooks.tune = look;
	assert_fine(rig_open(&b.rig, &b.configure, &b.hooks, &e), &e);
	job.image = bench_image(&b, "extern double clade_constants[];\n"
		"real exp2_approx(real x)\n"
		"{ return clade_constants[0] * x + clade_constants[1]; }\n", 2);
	assert_fine(rig_tune(&result, b.rig, &job, &e), &e);
	for (int i = 0; i < 64; i++) {
		double x = 0.5 - 0.5 * cos(acos(-1) * (i + 0.5) / 64);

		expected += pow((1.5 * x + 0.25) / exp2(x) - 1, 2);
	}
	assert_true(fabs(looked_at - expected) <= 1e-12 * expected);
	blob_free(job.image);
	job_tune_result_release(&result);
	bench_close(&b);
}

/* ---- jobshop_rule ---- */

#define INSTANCES 80
#define RULES 6

/* In the order of the columns of taillard.tsv. */
static const char *const rule_files[RULES] = {
	"reference/spt.c", "reference/mwkr.c", "reference/mor.c",
	"reference/fdd_mwkr.c", "reference/lpt.c", "reference/fifo.c",
};

struct taillard_row { char name[8]; int upper, makespans[RULES]; };

static void read_table(struct taillard_row rows[INSTANCES], const struct bench *b)
{
	char *text = bench_file(b, "taillard.tsv");
	int count = 0;

	for (char *line = text; line != NULL && count < INSTANCES; line = strchr(line, '\n')) {
		struct taillard_row *r = &rows[count];

		line += *line == '\n';
		count += sscanf(line, "%7[ta0-9]%*d%*d%*d%*d%*d%d%d%d%d%d%d%d", r->name, &r->upper,
			&r->makespans[0], &r->makespans[1], &r->makespans[2], &r->makespans[3],
			&r->makespans[4], &r->makespans[5]) == 8;
	}
	assert_int_equal(count, INSTANCES);
	free(text);
}

/* A rig for some instances; what is held out lies in the other half. */
static void open_instances(struct bench *b, const char *instances)
{
	struct err e = { 0 };

	bench_configure(b, "jobshop_rule");
	set_parameter(b, "instances", instances);
	set_parameter(b, "holdout", strcmp(instances, "ta41") < 0 ? "ta41-ta80" : "ta01-ta40");
	assert_fine(rig_open(&b->rig, &b->configure, NULL, &e), &e);
}

static void six_rules_have_their_makespan_on_every_instance(void **state)
{
	struct taillard_row rows[INSTANCES];
	struct frame_blob images[RULES];
	struct bench b;

	(void)state;
	open_instances(&b, "ta01");
	read_table(rows, &b);
	for (int rule = 0; rule < RULES; rule++) {
		char *source = bench_file(&b, rule_files[rule]);

		images[rule] = bench_image(&b, source, 0);
		free(source);
	}
	bench_close(&b);
	for (int i = 0; i < INSTANCES; i++) {
		open_instances(&b, rows[i].name);
		for (int rule = 0; rule < RULES; rule++) {
			struct job_evaluate_result result = bench_run(&b, images[rule],
				(struct frame_blob){ 0 }, CLADE_SEARCH);
			double makespan = (result.metrics[0] / 100 + 1) * rows[i].upper;

			if (!(fabs(makespan - rows[i].makespans[rule]) < 1e-6))
				fail_msg("%s on %s: %.3f instead of %d", rule_files[rule],
					rows[i].name, makespan, rows[i].makespans[rule]);
			assert_true(result.metrics[1] == result.metrics[0]);
			job_evaluate_result_release(&result);
		}
		bench_close(&b);
	}
	for (int rule = 0; rule < RULES; rule++)
		blob_free(images[rule]);
}

static void three_rules_have_their_printed_gaps_per_size(void **state)
{
	static const char *const sizes[8] = { "ta01-ta10", "ta11-ta20", "ta21-ta30", "ta31-ta40",
		"ta41-ta50", "ta51-ta60", "ta61-ta70", "ta71-ta80" };
	static const struct { const char *file, *gaps[9]; } rows[] = {
		{ "seed.c",
			{ "25.9", "32.8", "27.8", "35.3", "34.5", "24.1", "25.5", "14.4", "27.5" } },
		{ "reference/mwkr.c",
			{ "19.2", "23.4", "21.8", "23.9", "25.2", "16.9", "17.9", "8.3", "19.6" } },
		{ "reference/fdd_mwkr.c",
			{ "17.7", "21.3", "19.9", "21.7", "24.1", "15.3", "16.3", "7.6", "18.0" } },
	};
	double sums[3] = { 0 };
	char text[16];

	(void)state;
	for (int size = 0; size < 8; size++) {
		struct bench b;

		open_instances(&b, sizes[size]);
		for (int rule = 0; rule < 3; rule++) {
			double metrics[2];

			bench_measure_file(metrics, &b, rows[rule].file, CLADE_SEARCH);
			snprintf(text, sizeof(text), "%.1f", metrics[0]);
			assert_string_equal(text, rows[rule].gaps[size]);
			sums[rule] += metrics[0];
		}
		bench_close(&b);
	}
	for (int rule = 0; rule < 3; rule++) {
		snprintf(text, sizeof(text), "%.1f", sums[rule] / 8);
		assert_string_equal(text, rows[rule].gaps[8]);
	}
}

static void search_and_holdout_are_the_two_halves(void **state)
{
	struct bench b;
	double metrics[2];

	(void)state;
	bench_open(&b, "jobshop_rule");
	bench_measure_file(metrics, &b, "reference/fdd_mwkr.c", CLADE_SEARCH);
	assert_true(fabs(metrics[0] - 20.1583) < 1e-4);
	bench_measure_file(metrics, &b, "reference/fdd_mwkr.c", CLADE_HOLDOUT);
	assert_true(fabs(metrics[0] - 15.8302) < 1e-4);
	bench_close(&b);
}

static void a_held_out_instance_is_never_searched_on(void **state)
{
	static const char *const refused[][2] = {
		{ "ta01-ta40", "ta40-ta80" }, { "ta01-ta80", "ta50" }, { "ta05-ta01", "ta41" },
		{ "ta1", "ta41" }, { "ta01-", "ta41" }, { "", "ta41" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct err e = { 0 };
		struct bench b;

		bench_configure(&b, "jobshop_rule");
		set_parameter(&b, "instances", refused[i][0]);
		set_parameter(&b, "holdout", refused[i][1]);
		assert_true(rig_open(&b.rig, &b.configure, NULL, &e) < 0);
		assert_non_null(strstr(e.text, "jobshop_rule could not open"));
		bench_close(&b);
	}
}

/* A folder whose table is the problem's own with one piece of text replaced; the caller frees. */
static char *folder_with_table(const struct bench *b, const char *from, const char *to)
{
	const char *scratch = getenv("TMPDIR");
	char *folder = text_format("%s/problem.%d", scratch != NULL ? scratch : "/tmp", getpid());
	char *adapter = bench_file(b, "adapter.c"), *table = bench_file(b, "taillard.tsv");
	char *at = strstr(table, from);
	char *changed = text_format("%.*s%s%s", (int)(at - table), table, to, at + strlen(from));
	char *adapter_path = text_format("%s/adapter.c", folder);
	char *table_path = text_format("%s/taillard.tsv", folder);
	struct err e = { 0 };

	assert_fine(fdio_make_dirs(folder, &e), &e);
	assert_fine(fdio_write_file(adapter_path, adapter, strlen(adapter), &e), &e);
	assert_fine(fdio_write_file(table_path, changed, strlen(changed), &e), &e);
	free(adapter);
	free(table);
	free(changed);
	free(adapter_path);
	free(table_path);
	return folder;
}

static void remove_folder(const char *folder)
{
	static const char *const names[] = { "adapter.c", "taillard.tsv" };

	for (int i = 0; i < 2; i++) {
		char *path = text_format("%s/%s", folder, names[i]);

		remove(path);
		free(path);
	}
	remove(folder);
}

/* With the bound of ta01 raised to 1500, SPT's 1462 is a schedule that cannot be. */
static void a_makespan_below_its_bound_is_our_failure(void **state)
{
	struct job_evaluate job = { .stream = CLADE_SEARCH };
	struct job_evaluate_result result = { 0 };
	struct err e = { 0 };
	struct bench b;
	char *folder, *source;

	(void)state;
	bench_configure(&b, "jobshop_rule");
	source = bench_file(&b, "seed.c");
	folder = folder_with_table(&b, "398197754\t1231\t1231", "398197754\t1500\t1500");
	free(b.configure.problem_dir);
	b.configure.problem_dir = text_copy(folder);
	assert_fine(rig_open(&b.rig, &b.configure, NULL, &e), &e);
	job.image = bench_image(&b, source, 0);
	assert_true(rig_evaluate(&result, b.rig, &job, &e) < 0);
	assert_non_null(strstr(e.text, "jobshop_rule failed"));
	blob_free(job.image);
	remove_folder(folder);
	free(folder);
	free(source);
	bench_close(&b);
}

static void a_damaged_table_is_refused(void **state)
{
	static const char *const damages[][2] = {
		{ "398197754\t1231", "398197754\t600" },    /* a bound below the busiest machine */
		{ "ta80\t100\t20", "ta80\t101\t20" },
		{ "ta80\t", "# ta80\t" },
		{ "840612802", "0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct err e = { 0 };
		struct bench b;
		char *folder;

		bench_configure(&b, "jobshop_rule");
		folder = folder_with_table(&b, damages[i][0], damages[i][1]);
		free(b.configure.problem_dir);
		b.configure.problem_dir = text_copy(folder);
		assert_true(rig_open(&b.rig, &b.configure, NULL, &e) < 0);
		assert_non_null(strstr(e.text, "jobshop_rule could not open"));
		remove_folder(folder);
		free(folder);
		bench_close(&b);
	}
}

static char *rule_text(const char *body)
{
	return text_format("#include \"jobshop_rule.h\"\ndouble priority(const struct op_view *v)\n"
		"{\n%s\n}\n", body);
}

static void a_priority_that_is_no_number_is_wrong(void **state)
{
	static const char *const bodies[] = {
		"double z = v->processing - v->processing; return z / z;",
		"return v->processing / (v->start - v->start);",
		"return v->ops_remaining < 2 ? -1.0 / (v->next_processing * 0.0) : v->processing;",
	};
	struct bench b;

	(void)state;
	bench_open(&b, "jobshop_rule");
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		char *source = rule_text(bodies[i]);

		assert_refused(&b, source, VERDICT_WRONG, "priority of job");
		free(source);
	}
	bench_close(&b);
}

/* Its view is all that a rule gets, and it is read-only. */
static void a_rule_that_writes_to_its_view_dies(void **state)
{
	char *source = rule_text("((struct op_view *)v)->processing = 0; return v->processing;");
	struct bench b;

	(void)state;
	bench_open(&b, "jobshop_rule");
	assert_refused(&b, source, VERDICT_CRASH, NULL);
	free(source);
	bench_close(&b);
}

static void functions_of_the_header_can_be_called(void **state)
{
	char *source = rule_text("return fmin(fmax(v->processing, 0.0), 1e9)\n"
		"+ 0.0 * sqrt(fabs(v->next_slack));");
	struct bench b;
	double metrics[2];

	(void)state;
	bench_open(&b, "jobshop_rule");
	bench_measure(metrics, &b, source, CLADE_SEARCH);
	assert_true(fabs(metrics[0] - 30.4368) < 1e-4);      /* SPT */
	free(source);
	bench_close(&b);
}

/* ---- sgemm_small ---- */

static void the_seed_and_ikj_loops_are_right_and_ikj_is_faster(void **state)
{
	struct job_evaluate_result result;
	struct frame_blob seed, image;
	struct bench b;
	char *text;

	(void)state;
	bench_open(&b, "sgemm_small");
	text = bench_file(&b, "seed.c");
	seed = bench_image(&b, text, 0);
	free(text);
	text = bench_file(&b, "reference/ikj.c");
	image = bench_image(&b, text, 0);
	free(text);
	result = bench_run(&b, image, seed, CLADE_SEARCH);
	if (result.verdict != VERDICT_OK)
		fail_msg("%s: %s", verdict_rows[result.verdict].name, result.reason);
	assert_int_equal(result.class_count, 3);
	assert_true(result.metrics[0] > 2 && result.class_ratio[2] > 4);
	job_evaluate_result_release(&result);
	result = bench_run(&b, seed, seed, CLADE_HOLDOUT);
	assert_int_equal(result.verdict, VERDICT_OK);
	assert_true(result.metrics[0] > 0.7 && result.metrics[0] < 1.4);
	job_evaluate_result_release(&result);
	blob_free(seed);
	blob_free(image);
	bench_close(&b);
}

/* Each computes the product and then, or on the way, does what its row says. */
static void wrong_kernels_are_refused(void **state)
{
	static const struct { const char *text; enum verdict verdict; const char *said; } rows[] = {
		/* no last row; no last column where n is odd; no tail of k */
		{ "for (size_t i = 0; i + 1 < n; i++) ROW(i)", VERDICT_WRONG, NULL },
		{ "size_t m = n & ~(size_t)1;\n"
		  "for (size_t i = 0; i < n; i++) for (size_t j = 0; j < m; j++) CELL(i, j)",
			VERDICT_WRONG, NULL },
		{ "size_t m = n - n % 8;\n"
		  "for (size_t i = 0; i < n; i++) for (size_t j = 0; j < n; j++)\n"
		  "for (size_t k = 0; k < m; k++) C[i * n + j] += A[i * n + k] * B[k * n + j];",
			VERDICT_WRONG, NULL },
		{ "for (size_t i = 0; i < n * n; i++) C[i] = __builtin_nanf(\"\");",
			VERDICT_WRONG, "nan" },
		{ "ALL if (n == 33) C[n + 1] = __builtin_nanf(\"\");",
			VERDICT_WRONG, "n = 33: C[1][1]" },
		{ "for (size_t i = 0; i < n * n; i++) C[i] = 1;", VERDICT_WRONG, NULL },
		{ "for (size_t i = 0; i < n * n; i++) C[i] = 0; ALL", VERDICT_WRONG, NULL },
		{ "(void)n; (void)A; (void)B; (void)C;", VERDICT_WRONG, NULL },
		{ "ALL if (n == 7) C[n * n] = 0;", VERDICT_WRONG, "outside" },
		{ "ALL if (n == 65) C[-1] = 0;", VERDICT_WRONG, "outside" },
		{ "ALL static volatile float s; if (n > 1) s = A[n * n];", VERDICT_CRASH, NULL },
		{ "ALL static volatile float s; if (n > 1) s = B[n * n];", VERDICT_CRASH, NULL },
		{ "ALL if (n > 1) ((float *)A)[0] = 0;", VERDICT_CRASH, NULL },
		/* 16 bits of A, denormals aside */
		{ "union { float value; unsigned bits; } a;\n"
		  "for (size_t i = 0; i < n; i++) for (size_t k = 0; k < n; k++) {\n"
		  "a.value = A[i * n + k]; if (a.bits << 1 >> 24) a.bits &= ~255u;\n"
		  "for (size_t j = 0; j < n; j++) C[i * n + j] += a.value * B[k * n + j]; }",
			VERDICT_WRONG, NULL },
		/* right at the sizes that are timed, and nowhere else */
		{ "if (n == 16 || n == 64 || n == 256) { ALL }", VERDICT_WRONG, NULL },
		{ "static int calls; if (++calls < 3) { ALL }", VERDICT_WRONG, NULL },
		{ "if (((size_t)C & 63) != 4) { ALL }", VERDICT_WRONG, NULL },
		/* no denormals */
		{ "for (size_t i = 0; i < n; i++) for (size_t j = 0; j < n; j++)\n"
		  "for (size_t k = 0; k < n; k++)\n"
		  "if (A[i * n + k] > 1e-35f || A[i * n + k] < -1e-35f)\n"
		  "C[i * n + j] += A[i * n + k] * B[k * n + j];", VERDICT_WRONG, NULL },
	};
	struct bench b;

	(void)state;
	bench_open(&b, "sgemm_small");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *source = text_format("#include <stddef.h>\n"
			"#define CELL(i, j) for (size_t k = 0; k < n; k++) "
			"C[(i) * n + (j)] += A[(i) * n + k] * B[k * n + (j)];\n"
			"#define ROW(i) for (size_t j = 0; j < n; j++) CELL(i, j)\n"
			"#define ALL for (size_t i = 0; i < n; i++) ROW(i)\n"
			"void sgemm(size_t n, const float *A, const float *B, float *C)\n"
			"{\n%s\n}\n", rows[i].text);

		assert_refused(&b, source, rows[i].verdict, rows[i].said);
		free(source);
	}
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_programs_have_their_published_errors),
		cmocka_unit_test(the_taylor_seed_has_four_digits_on_every_stream),
		cmocka_unit_test(a_pole_is_a_wrong_answer),
		cmocka_unit_test(a_local_of_an_integer_type_does_not_truncate),
		cmocka_unit_test(digits_end_where_the_formats_end),
		cmocka_unit_test(residuals_are_relative_errors_at_the_nodes),
		cmocka_unit_test(six_rules_have_their_makespan_on_every_instance),
		cmocka_unit_test(three_rules_have_their_printed_gaps_per_size),
		cmocka_unit_test(search_and_holdout_are_the_two_halves),
		cmocka_unit_test(a_held_out_instance_is_never_searched_on),
		cmocka_unit_test(a_makespan_below_its_bound_is_our_failure),
		cmocka_unit_test(a_damaged_table_is_refused),
		cmocka_unit_test(a_priority_that_is_no_number_is_wrong),
		cmocka_unit_test(a_rule_that_writes_to_its_view_dies),
		cmocka_unit_test(functions_of_the_header_can_be_called),
		cmocka_unit_test(the_seed_and_ikj_loops_are_right_and_ikj_is_faster),
		cmocka_unit_test(wrong_kernels_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
