/*
 * The whole path of a behaviour problem on real boxes: a folder made here, compiled and loaded as a
 * user's would be. The candidate answers f(x) for a block of doubles; right is 3 x + 1.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/plugin.h"
#include "evaluators/rig.h"

static const char adapter_text[] =
	"#include \"clade_adapter.h\"\n"
	"#include <stdint.h>\n"
	"double f(double x);\n"
	"CLADE_ENTRY void clade_call(const void *arguments, void *results)\n"
	"{\n"
	"\tuint64_t count = *(const uint64_t *)arguments;\n"
	"\tfor (uint64_t i = 0; i < count; i++)\n"
	"\t\t((double *)results)[i] = f(((const double *)arguments)[i + 1]);\n"
	"}\n";

/*
 * Metrics: error (largest), first (the first input of the stream, so that a test sees the inputs),
 * bonus (a parameter of the campaign; bound 10). An answer past 1e6 is wrong.
 */
static const char evaluator_text[] =
	"#include <clade/evaluator.h>\n"
	"#include <math.h>\n"
	"#include <stdlib.h>\n"
	"#define COUNT 100\n"
	"static int ask(const struct clade_host *h, struct clade_run *run, const double **x, const double **y)\n"
	"{\n"
	"\tstruct clade_batch *b = h->begin(run);\n"
	"\tvoid *in, *out;\n"
	"\tif (h->add(b, 8 * (COUNT + 1), 8 * COUNT, 0, 0, &in, &out) != 0)\n"
	"\t\treturn CLADE_FAILED;\n"
	"\t*(uint64_t *)in = COUNT;\n"
	"\tfor (int i = 1; i <= COUNT; i++)\n"
	"\t\t((double *)in)[i] = h->random_unit(h->random(run));\n"
	"\tif (h->cross(run, b) != 0)\n"
	"\t\treturn CLADE_STOPPED;\n"
	"\t*x = (const double *)h->arguments(b, 0) + 1;\n"
	"\t*y = h->results(b, 0);\n"
	"\treturn CLADE_OK;\n"
	"}\n"
	"static int evaluate(void *state, const struct clade_host *h, struct clade_run *run, enum clade_stream stream, double *m)\n"
	"{\n"
	"\tconst double *x, *y;\n"
	"\tconst char *bonus = h->parameter(h, \"bonus\");\n"
	"\tint rc = ask(h, run, &x, &y);\n"
	"\t(void)state; (void)stream;\n"
	"\tif (rc != CLADE_OK)\n"
	"\t\treturn rc;\n"
	"\tm[0] = 0;\n"
	"\tfor (int i = 0; i < COUNT; i++) {\n"
	"\t\tdouble e = fabs(y[i] - (3 * x[i] + 1));\n"
	"\t\tif (!(e <= 1e6) && !isnan(y[i])) {\n"
	"\t\t\th->explain(run, \"f(%g) is %g\", x[i], y[i]);\n"
	"\t\t\treturn CLADE_WRONG;\n"
	"\t\t}\n"
	"\t\tm[0] = isnan(e) ? NAN : e > m[0] ? e : m[0];\n"
	"\t}\n"
	"\tm[1] = x[0];\n"
	"\tm[2] = bonus ? atof(bonus) : 0;\n"
	"\treturn CLADE_OK;\n"
	"}\n"
	"static int residuals(void *state, const struct clade_host *h, struct clade_run *run, double *out)\n"
	"{\n"
	"\tconst double *x, *y;\n"
	"\tint rc = ask(h, run, &x, &y);\n"
	"\t(void)state;\n"
	"\tfor (int i = 0; rc == CLADE_OK && i < COUNT; i++)\n"
	"\t\tout[i] = y[i] - (3 * x[i] + 1);\n"
	"\treturn rc;\n"
	"}\n"
	"static const char *const functions[] = { \"double f(double x)\", NULL };\n"
	"static const char *const imports[] = { \"sqrt\", NULL };\n"
	"static const struct clade_metric metrics[] = {\n"
	"\t{ .name = \"error\", .direction = CLADE_MINIMISE, .bound = NAN },\n"
	"\t{ .name = \"first\", .direction = CLADE_MINIMISE, .bound = NAN },\n"
	"\t{ .name = \"bonus\", .direction = CLADE_MAXIMISE, .bound = 10 }, { 0 } };\n"
	"static const struct clade_feature features[] = { { .name = \"size\", .high = 1, .bins = 2, .source = CLADE_FROM_CODE_BYTES }, { 0 } };\n"
	"const struct clade_evaluator clade_evaluator = { .abi = CLADE_EVALUATOR_ABI, .name = \"line\", .summary = \"\", .functions = functions,\n"
	"\t.imports = imports, .metrics = metrics, .fitness = \"error\", .features = features, .arguments_bytes = 4096, .results_bytes = 4096,\n"
	"\t.call_limit_ns = 200000000, .evaluate = evaluate, .residual_count = COUNT, .residuals = residuals };\n";

static char *scratch, *problem;

/* ---- a rig ---- */

/* Two constants that enter linearly: one Gauss-Newton step from differences is the answer. */
static int tune_line(double *c, int count, int residuals, worker_residuals_fn *f, void *context,
	int evaluations_max, struct err *e)
{
	double *r = memory_array((size_t)residuals * 3, sizeof(*r)), a = 0, b = 0, d = 0, p = 0,
	       q = 0, step[2] = { c[0], c[1] + 1 };
	int rc = count == 2 && evaluations_max >= 3 ? f(context, c, r) : 1;

	step[0] = c[0];
	if (rc == 0)
		rc = f(context, step, r + residuals);
	step[0] = c[0] + 1;
	step[1] = c[1];
	if (rc == 0)
		rc = f(context, step, r + 2 * residuals);
	for (int i = 0; rc == 0 && i < residuals; i++) {
		double j1 = r[residuals + i] - r[i], j0 = r[2 * residuals + i] - r[i];

		a += j0 * j0;
		b += j0 * j1;
		d += j1 * j1;
		p -= j0 * r[i];
		q -= j1 * r[i];
	}
	free(r);
	if (rc != 0)
		return err_set(e, ERR_CHILD, "the candidate died");
	c[0] += (p * d - q * b) / (a * d - b * b);
	c[1] += (a * q - b * p) / (a * d - b * b);
	return 0;
}

static const struct worker_hooks hooks = { .tune = tune_line };

static struct job_configure new_configure(void)
{
	struct job_configure c = { .problem_dir = text_copy(problem),
		.compiler = text_copy("gcc"),
		.flags = { text_copy("-O2") },
		.measures = true,
		.cpu = -1,
		.second_cpu = -1 };
	struct err e = { 0 };

	for (int i = 0; i < 32; i++)
		c.key[i] = (uint8_t)i;
	if (plugin_build(&c.plugin, problem, &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

static struct rig *open_rig(const struct job_configure *c)
{
	struct rig *r = NULL;
	struct err e = { 0 };

	if (rig_open(&r, c, &hooks, &e) < 0)
		fail_msg("%s", e.text);
	return r;
}

static struct {
	struct job_configure configure;
	struct rig *rig;
} shared;

static struct job_compile_result compile(
	struct rig *r, const char *source, const char *flag, int constants)
{
	struct job_compile job = { .program = { source, strlen(source), { flag } },
		.constants = constants };
	struct job_compile_result result = { 0 };
	struct err e = { 0 };

	if (rig_compile(&result, r, &job, &e) < 0)
		fail_msg("%s", e.text);
	return result;
}

static struct job_evaluate_result evaluate_on(
	struct rig *r, const char *source, enum clade_stream stream)
{
	struct job_compile_result c = compile(r, source, NULL, 0);
	struct job_evaluate job = { .image = c.image, .stream = stream };
	struct job_evaluate_result result = { 0 };
	struct err e = { 0 };

	if (c.verdict != VERDICT_OK)
		fail_msg("%s", c.reason);
	if (rig_evaluate(&result, r, &job, &e) < 0)
		fail_msg("%s", e.text);
	return result;
}

static void assert_verdict(const char *source, enum verdict expected, const char *reason)
{
	struct job_evaluate_result result = evaluate_on(shared.rig, source, CLADE_SEARCH);

	assert_string_equal(verdict_rows[result.verdict].name, verdict_rows[expected].name);
	if (reason && (!result.reason || !strstr(result.reason, reason)))
		fail_msg("'%s' does not say '%s'", result.reason ? result.reason : "", reason);
	job_evaluate_result_release(&result);
}

/* ---- evaluate ---- */

static void a_right_program_is_ok_with_metrics_and_costs(void **state)
{
	struct job_evaluate_result r =
		evaluate_on(shared.rig, "double f(double x) { return 3 * x + 0.5; }", CLADE_SEARCH);

	(void)state;
	assert_int_equal(r.verdict, VERDICT_OK);
	assert_true(fabs(r.metrics[0] - 0.5) < 1e-9);
	assert_true(isnan(r.metrics[3]));
	assert_int_equal(r.cost_count, 2);
	assert_string_equal(r.costs[0].stage, "small_check");
	assert_string_equal(r.costs[1].stage, "full_check");
	assert_true(r.costs[1].wall_ns > 0);
	job_evaluate_result_release(&r);
}

static void inputs_are_the_same_for_every_candidate_and_apart_for_streams(void **state)
{
	struct job_evaluate_result a =
		evaluate_on(shared.rig, "double f(double x) { return x; }", CLADE_SEARCH);
	struct job_evaluate_result b =
		evaluate_on(shared.rig, "double f(double x) { return -x; }", CLADE_SEARCH);
	struct job_evaluate_result c =
		evaluate_on(shared.rig, "double f(double x) { return x; }", CLADE_HOLDOUT);

	(void)state;
	assert_true(a.metrics[1] == b.metrics[1]);
	assert_true(a.metrics[1] != c.metrics[1]);
}

static void another_key_asks_other_inputs(void **state)
{
	struct job_configure configure = new_configure();
	struct job_evaluate_result a = evaluate_on(shared.rig, "double f(double x) { return x; }",
					   CLADE_SEARCH),
				   b, seeded;
	struct rig *r;

	(void)state;
	configure.key[5] ^= 1;
	r = open_rig(&configure);
	b = evaluate_on(r, "double f(double x) { return x; }", CLADE_SEARCH);
	configure.has_seed = true;
	seeded = evaluate_on(r, "double f(double x) { return x; }", CLADE_SEARCH);
	assert_true(a.metrics[1] != b.metrics[1]);
	assert_true(seeded.metrics[1] != b.metrics[1]);
	rig_close(r);
	job_configure_release(&configure);
}

static void a_wrong_answer_is_wrong_with_the_evaluators_words(void **state)
{
	(void)state;
	assert_verdict("double f(double x) { return x * 1e9 + 1e8; }", VERDICT_WRONG, "f(0.");
}

static void a_metric_that_is_no_number_is_wrong(void **state)
{
	(void)state;
	assert_verdict(
		"double f(double x) { return 0 * x / 0.0; }", VERDICT_WRONG, "no number for error");
}

static void an_endless_loop_is_a_timeout(void **state)
{
	(void)state;
	assert_verdict("double f(double x) { for (volatile int i = 0;; i++) ; return x; }",
		VERDICT_TIMEOUT, NULL);
}

static void a_bad_pointer_is_a_crash(void **state)
{
	(void)state;
	assert_verdict(
		"double f(double x) { return *(volatile double *)8 + x; }", VERDICT_CRASH, NULL);
}

static void a_system_call_and_an_unknown_import_are_forbidden(void **state)
{
	(void)state;
	assert_verdict("int getpid(void); double f(double x) { return getpid() + x; }",
		VERDICT_FORBIDDEN, "getpid");
	assert_verdict(
		"double f(double x) { long r; __asm__ volatile(\"syscall\" : \"=a\"(r) : \"a\"(39L) : \"rcx\", \"r11\"); return x + r; }",
		VERDICT_FORBIDDEN, NULL);
}

static void a_write_beside_the_result_block_is_wrong(void **state)
{
	struct job_configure configure;
	char *path = text_format("%s/adapter.c", problem);
	struct job_compile_result compiled;
	struct job_evaluate_result result = { 0 };
	struct rig *r;
	/* An adapter that hands the address to the candidate: the shape of every kernel that writes
	 * arrays. */
	static const char open_adapter[] =
		"#include \"clade_adapter.h\"\n#include <stdint.h>\nvoid g(const double *x, double *y, uint64_t n);\n"
		"CLADE_ENTRY void clade_call(const void *a, void *r) { g((const double *)a + 1, r, *(const uint64_t *)a); }\n";
	static const char outside[] =
		"void g(const double *x, double *y, unsigned long n)\n"
		"{ for (unsigned long i = 0; i < n; i++) y[i] = 3 * x[i] + 1; y[n] = 0; }\n";

	(void)state;
	assert_int_equal(fdio_write_file(path, open_adapter, sizeof(open_adapter) - 1, NULL), 0);
	configure = new_configure();
	r = open_rig(&configure);
	compiled = compile(r, outside, NULL, 0);
	assert_int_equal(compiled.verdict, VERDICT_OK);
	struct job_evaluate job = { .image = compiled.image, .stream = CLADE_SEARCH };
	assert_int_equal(rig_evaluate(&result, r, &job, NULL), 0);
	assert_int_equal(result.verdict, VERDICT_WRONG);
	assert_non_null(strstr(result.reason, "outside of its result block"));
	job_evaluate_result_release(&result);
	rig_close(r);
	job_configure_release(&configure);
	assert_int_equal(fdio_write_file(path, adapter_text, sizeof(adapter_text) - 1, NULL), 0);
	free(path);
}

static void a_value_past_its_certified_bound_is_our_own_error(void **state)
{
	struct job_configure configure = new_configure();
	struct job_compile_result compiled;
	struct job_evaluate_result result = { .pairs = 77 };
	struct err e = { 0 };
	struct rig *r;

	(void)state;
	configure.parameters[0][0] = text_copy("bonus");
	configure.parameters[0][1] = text_copy("11");
	r = open_rig(&configure);
	compiled = compile(r, "double f(double x) { return x; }", NULL, 0);
	struct job_evaluate job = { .image = compiled.image, .stream = CLADE_SEARCH };
	assert_int_equal(rig_evaluate(&result, r, &job, &e), ERR_CHILD);
	assert_non_null(strstr(e.text, "a hole in the evaluator"));
	assert_int_equal(result.pairs, 77);
	rig_close(r);
	job_configure_release(&configure);
}

/* ---- compile ---- */

static void the_compilers_words_are_the_reason(void **state)
{
	struct job_compile_result r =
		compile(shared.rig, "double f(double x) { return y; }", NULL, 0);

	(void)state;
	assert_int_equal(r.verdict, VERDICT_COMPILE_ERROR);
	assert_non_null(strstr(r.reason, "candidate.c"));
	assert_non_null(strstr(r.reason, "y"));
	assert_int_equal(r.image.size, 0);
	job_compile_result_release(&r);
}

static void the_same_program_gives_the_same_image_and_its_size(void **state)
{
	struct job_compile_result r =
		compile(shared.rig, "double f(double x) { return 3 * x; }", NULL, 0);
	size_t size = r.image.size;
	void *bytes = memory_copy(r.image.bytes, size);

	(void)state;
	assert_true(r.code_bytes > 0 && r.code_bytes < 1000);
	r = compile(shared.rig, "double f(double x) { return 3 * x; }", NULL, 0);
	assert_int_equal(r.image.size, size);
	assert_memory_equal(r.image.bytes, bytes, size);
	free(bytes);
}

static void flag_genes_reach_the_compiler_and_strange_ones_are_forbidden(void **state)
{
	static const char *const refused[] = { "-fplugin=x.so", "-imacros", "-o/etc/passwd",
		"-fdump-tree-all", "-O2 -x", "@file", "-flto", "-fprofile-use=/x", "-Wl,-T",
		"-include", "-fsanitize=address", "-mcmodel=large", "-fPIE", "--param" };
	struct job_compile_result plain = compile(shared.rig,
		"double f(double x) { double s = 0; for (int i = 0; i < 64; i++) s += x; return s; }",
		NULL, 0);
	int64_t code_bytes = plain.code_bytes;
	struct job_compile_result r = compile(shared.rig,
		"double f(double x) { double s = 0; for (int i = 0; i < 64; i++) s += x; return s; }",
		"-funroll-all-loops", 0);

	(void)state;
	assert_int_equal(r.verdict, VERDICT_OK);
	assert_true(r.code_bytes != code_bytes);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		r = compile(shared.rig, "double f(double x) { return x; }", refused[i], 0);
		if (r.verdict != VERDICT_FORBIDDEN)
			fail_msg("%s is let through", refused[i]);
		job_compile_result_release(&r);
	}
}

static void a_compile_only_rig_compiles_and_refuses_to_measure(void **state)
{
	struct job_configure configure = new_configure();
	struct job_compile_result compiled;
	struct job_evaluate_result result;
	struct err e = { 0 };
	struct rig *r;

	(void)state;
	configure.measures = false;
	r = open_rig(&configure);
	assert_null(r->box);
	compiled = compile(r, "double f(double x) { return x; }", NULL, 0);
	assert_int_equal(compiled.verdict, VERDICT_OK);
	struct job_evaluate job = { .image = compiled.image, .stream = CLADE_SEARCH };
	assert_int_equal(rig_evaluate(&result, r, &job, &e), ERR_ARGS);
	rig_close(r);
	job_configure_release(&configure);
}

/* ---- tune ---- */

static void constants_are_tuned_without_a_new_image(void **state)
{
	struct job_compile_result c = compile(shared.rig,
		"extern double clade_constants[]; double f(double x) { return clade_constants[0] * x + clade_constants[1]; }",
		NULL, 2);
	struct job_tune job = {
		.image = c.image, .constants = { 1, 1 }, .constant_count = 2, .crossings_max = 50
	};
	struct job_tune_result result = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(c.verdict, VERDICT_OK);
	if (rig_tune(&result, shared.rig, &job, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(result.verdict, VERDICT_OK);
	assert_true(fabs(result.constants[0] - 3) < 1e-9 && fabs(result.constants[1] - 1) < 1e-9);
	assert_true(result.before > 0.5 && result.after < 1e-9);
	assert_int_equal(result.crossings, 5);
	assert_string_equal(result.costs[0].stage, "tune");
	job_tune_result_release(&result);
}

static void a_candidate_that_dies_while_it_is_tuned_keeps_its_constants(void **state)
{
	struct job_compile_result c = compile(shared.rig,
		"extern double clade_constants[]; double f(double x) { if (clade_constants[1] > 1) __builtin_trap(); return x * clade_constants[0]; }",
		NULL, 2);
	struct job_tune job = {
		.image = c.image, .constants = { 1, 1 }, .constant_count = 2, .crossings_max = 50
	};
	struct job_tune_result result = { 0 };

	(void)state;
	assert_int_equal(rig_tune(&result, shared.rig, &job, NULL), 0);
	assert_int_equal(result.verdict, VERDICT_CRASH);
	assert_true(result.constants[0] == 1 && result.constants[1] == 1);
	job_tune_result_release(&result);
}

/* ---- the suite ---- */

static void write_file(const char *name, const char *text)
{
	char *path = text_format("%s/%s", problem, name);

	assert_int_equal(fdio_write_file(path, text, strlen(text), NULL), 0);
	free(path);
}

static int set_up(void **state)
{
	const char *temporary = getenv("TMPDIR");
	char *cache;

	(void)state;
	scratch = text_format("%s/clade-rig-XXXXXX", temporary ? temporary : "/tmp");
	assert_non_null(mkdtemp(scratch));
	cache = text_format("%s/cache", scratch);
	setenv("XDG_CACHE_HOME", cache, 1);
	free(cache);
	problem = text_format("%s/line", scratch);
	assert_int_equal(mkdir(problem, 0700), 0);
	write_file("adapter.c", adapter_text);
	write_file("evaluator.c", evaluator_text);
	shared.configure = new_configure();
	shared.rig = open_rig(&shared.configure);
	return 0;
}

static int tear_down(void **state)
{
	char *command = text_format("rm -rf '%s'", scratch);
	int rc = system(command);

	(void)state;
	rig_close(shared.rig);
	job_configure_release(&shared.configure);
	free(command);
	free(problem);
	free(scratch);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_program_is_ok_with_metrics_and_costs),
		cmocka_unit_test(inputs_are_the_same_for_every_candidate_and_apart_for_streams),
		cmocka_unit_test(another_key_asks_other_inputs),
		cmocka_unit_test(a_wrong_answer_is_wrong_with_the_evaluators_words),
		cmocka_unit_test(a_metric_that_is_no_number_is_wrong),
		cmocka_unit_test(an_endless_loop_is_a_timeout),
		cmocka_unit_test(a_bad_pointer_is_a_crash),
		cmocka_unit_test(a_system_call_and_an_unknown_import_are_forbidden),
		cmocka_unit_test(a_write_beside_the_result_block_is_wrong),
		cmocka_unit_test(a_value_past_its_certified_bound_is_our_own_error),
		cmocka_unit_test(the_compilers_words_are_the_reason),
		cmocka_unit_test(the_same_program_gives_the_same_image_and_its_size),
		cmocka_unit_test(flag_genes_reach_the_compiler_and_strange_ones_are_forbidden),
		cmocka_unit_test(a_compile_only_rig_compiles_and_refuses_to_measure),
		cmocka_unit_test(constants_are_tuned_without_a_new_image),
		cmocka_unit_test(a_candidate_that_dies_while_it_is_tuned_keeps_its_constants),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
