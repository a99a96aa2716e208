#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/fdio.h"
#include "tests/support/boxes.h"

#define ADAPTER \
	"double kernel(const double *x);\n" \
	"__attribute__((visibility(\"default\"))) void clade_call(const void *arguments, void *results)\n" \
	"{ *(double *)results = kernel(arguments); }\n"

static bool same_bytes(int a, int b)
{
	char *x = NULL, *y = NULL;
	size_t m, n;

	assert_int_equal(fdio_read_fd(&x, &m, a, COMPILE_IMAGE_MAX, NULL), 0);
	assert_int_equal(fdio_read_fd(&y, &n, b, COMPILE_IMAGE_MAX, NULL), 0);
	bool same = m == n && !memcmp(x, y, m);
	free(x);
	free(y);
	return same;
}

static double run_image(int image, double argument)
{
	struct run_spec spec = boxes_spec(image);
	struct run_child *c = boxes_start(&spec);
	double value = -1;

	*(double *)run_child_arguments(c) = argument;
	assert_int_equal(boxes_call(c, &value), SANDBOX_OK);
	run_child_end(c);
	return value;
}

static void a_kernel_and_its_adapter_become_one_sealed_image(void **state)
{
	struct compile_request request = boxes_request(
		"double kernel(const double *x) { return 2 * *x; }", ADAPTER);
	struct compile_result r;
	(void)state;

	boxes_compile(&r, &request);
	assert_int_equal(r.outcome, SANDBOX_OK);
	assert_int_equal(r.image_count, 1);
	assert_true(r.image_bytes > 0 && r.image_bytes < COMPILE_IMAGE_MAX);
	assert_true(r.code_bytes > 0 && r.code_bytes < 256);
	assert_int_equal(r.data_bytes, 0);
	assert_true(r.wall_ns > 0 && r.cpu_ns > 0 && r.peak_bytes > 1 << 20);
	assert_string_equal(r.diagnostics, "");
	assert_int_equal(write(r.images[0], "x", 1), -1);
	assert_int_equal(ftruncate(r.images[0], 0), -1);
	assert_true(run_image(r.images[0], 21) == 42);
	compile_result_release(&r);
	assert_int_equal(r.image_count, 0);
}

static void a_syntax_error_is_an_outcome_with_diagnostics(void **state)
{
	struct compile_request request = boxes_request(
		"double kernel(const double *x) { return 2 * ; }", ADAPTER);
	struct compile_result r;
	(void)state;

	boxes_compile(&r, &request);
	assert_int_equal(r.outcome, SANDBOX_COMPILE_ERROR);
	assert_int_equal(r.image_count, 0);
	assert_int_equal(r.images[0], -1);
	assert_non_null(strstr(r.diagnostics, "candidate.c:1:"));
	assert_null(strstr(r.diagnostics, "/w/"));
}

static void a_missing_kernel_is_refused_by_the_loader_with_its_name(void **state)
{
	int image = boxes_image("int other;", ADAPTER);
	struct run_spec spec = boxes_spec(image);
	enum sandbox_outcome outcome = SANDBOX_OK;
	struct run_child *c = NULL;
	char reason[256] = "";
	(void)state;

	assert_int_equal(run_child_start(&c, boxes_run_box(), &spec, &outcome, reason, NULL), 1);
	assert_int_equal(outcome, SANDBOX_FORBIDDEN);
	assert_non_null(strstr(reason, "kernel"));
	assert_null(c);
	close(image);
}

static void equal_requests_give_equal_bytes(void **state)
{
	const char *plain = "static double twice(double a) { double b = a + a; return b; }\n"
			    "double kernel(const double *x) { return twice(*x) * 3; }\n";
	const char *renamed =
		"/* a comment */\nstatic double zwei(double wert)\n{\n\tdouble summe = wert + wert;\n"
		"\treturn summe;\n}\n\n\n// another\ndouble kernel(const double *zahl) { return zwei(*zahl) * 3; }\n";
	const char *other = "double kernel(const double *x) { return *x * 7; }\n";
	int a = boxes_image(plain, ADAPTER), b = boxes_image(plain, ADAPTER),
	    c = boxes_image(renamed, ADAPTER);
	int d = boxes_image(other, ADAPTER);
	(void)state;

	assert_true(same_bytes(a, b));
	assert_true(same_bytes(a, c));
	assert_false(same_bytes(a, d));
	close(a);
	close(b);
	close(c);
	close(d);
}

static void dates_and_times_are_pinned(void **state)
{
	const char *source = "static const char stamp[] = __DATE__ __TIME__ __TIMESTAMP__;\n"
			     "double kernel(const double *x) { return stamp[(int)*x]; }\n";
	int a = boxes_image(source, ADAPTER);
	(void)state;

	sleep(1);
	int b = boxes_image(source, ADAPTER);
	assert_true(same_bytes(a, b));
	close(a);
	close(b);
}

/* The kernel returns its own address within a page. */
static void layouts_move_the_code_by_as_many_bytes(void **state)
{
	struct compile_request request = boxes_request(
		"double kernel(const double *x)\n"
		"{ (void)x; return (double)((unsigned long)&kernel & 4095); }\n",
		ADAPTER);
	struct compile_result r;
	double at[4];
	(void)state;

	request.flags[1] = "-falign-functions=64";
	memcpy(request.layouts, (uint32_t[]){ 0, 64, 1024, 2880 }, 4 * sizeof(uint32_t));
	request.layout_count = 4;
	boxes_compile(&r, &request);
	assert_int_equal(r.outcome, SANDBOX_OK);
	assert_int_equal(r.image_count, 4);
	for (int i = 0; i < 4; i++) {
		at[i] = run_image(r.images[i], 0);
		assert_true((int)(at[i] - at[0] + 4096) % 4096 == (int)request.layouts[i]);
	}
	compile_result_release(&r);
}

static void hot_and_cold_code_moves_with_the_layout(void **state)
{
	struct compile_request request = boxes_request(
		"__attribute__((hot, aligned(64))) double kernel(const double *x)\n"
		"{ (void)x; return (double)((unsigned long)&kernel & 4095); }\n",
		ADAPTER);
	struct compile_result r;
	(void)state;

	request.layouts[1] = 192;
	request.layout_count = 2;
	boxes_compile(&r, &request);
	assert_int_equal(r.outcome, SANDBOX_OK);
	assert_true(
		(int)(run_image(r.images[1], 0) - run_image(r.images[0], 0) + 4096) % 4096 == 192);
	compile_result_release(&r);
}

static void a_unit_may_include_the_candidate(void **state)
{
	const char *unit =
		"#define SCALE 5\n#include CLADE_CANDIDATE\n"
		"__attribute__((visibility(\"default\"))) void clade_call(const void *a, void *r)\n"
		"{ *(double *)r = kernel(a); }\n";
	struct compile_request request = boxes_request(
		"static double kernel(const double *x) { return SCALE * *x; }\n", unit);
	struct compile_result r;
	(void)state;

	request.candidate_included = true;
	boxes_compile(&r, &request);
	assert_int_equal(r.outcome, SANDBOX_OK);
	assert_true(r.code_bytes > 0);
	assert_true(run_image(r.images[0], 3) == 15);
	compile_result_release(&r);
	request.source = "static double kernel(const double *x) { return SCALE * ; }\n";
	request.source_bytes = strlen(request.source);
	boxes_compile(&r, &request);
	assert_int_equal(r.outcome, SANDBOX_COMPILE_ERROR);
	assert_non_null(strstr(r.diagnostics, "candidate.c:1:"));
}

static void several_units_are_linked_and_kept_apart_by_flags(void **state)
{
	const char *support =
		"double scale(double x) {\n#ifdef TIMES\nreturn x * TIMES;\n#else\nreturn x;\n#endif\n}\n";
	struct compile_request request = boxes_request(
		"double scale(double);\n"
		"double kernel(const double *x) { return scale(*x); }\n",
		ADAPTER);
	struct compile_result r;
	(void)state;

	request.units[1] = (struct compile_unit){ "support.c", support, strlen(support) };
	request.unit_count = 2;
	for (int turn = 0; turn < 4; turn++) {
		request.flags[1] = turn % 2 ? "-DTIMES=11" : NULL;
		boxes_compile(&r, &request);
		assert_int_equal(r.outcome, SANDBOX_OK);
		assert_true(run_image(r.images[0], 2) == (turn % 2 ? 22 : 2));
		compile_result_release(&r);
	}
}

static void a_unit_that_does_not_compile_says_so(void **state)
{
	struct compile_request request = boxes_request("int x;", "this is no C\n");
	struct compile_result r;
	(void)state;

	boxes_compile(&r, &request);
	assert_int_equal(r.outcome, SANDBOX_COMPILE_ERROR);
	assert_non_null(strstr(r.diagnostics, "adapter.c:1:"));
}

static void our_headers_are_there_and_every_prototype_compiles(void **state)
{
	const char *source =
		"#include <float.h>\n#include <limits.h>\n#include <math.h>\n#include <stdbool.h>\n"
		"#include <stddef.h>\n#include <stdint.h>\n#include <stdlib.h>\n#include <string.h>\n"
		"_Static_assert(sizeof(uint64_t) == 8 && sizeof(size_t) == 8 && CHAR_BIT == 8 && INT_MIN < 0, \"\");\n"
		"_Static_assert(UINT64_MAX == 18446744073709551615u && INT64_MIN < 0 && SIZE_MAX == ULONG_MAX, \"\");\n"
		"bool big(double x) { return isfinite(x) && x > DBL_MAX / 2; }\n"
		"double kernel(const double *x) { return big(*x) ? M_PI : offsetof(struct { char c; int i; }, i); }\n";
	int image = boxes_image(source, ADAPTER);
	(void)state;

	assert_true(run_image(image, 1) == 4);
	close(image);
}

static void the_compilers_intrinsics_headers_work(void **state)
{
	const char *wide =
		"#include <immintrin.h>\ndouble kernel(const double *x)\n"
		"{ double y[4]; _mm256_storeu_pd(y, _mm256_add_pd(_mm256_set1_pd(*x), _mm256_set1_pd(1))); return y[3]; }\n";
	const char
		*narrow = "#include <emmintrin.h>\ndouble kernel(const double *x)\n"
			  "{ return _mm_cvtsd_f64(_mm_add_sd(_mm_set_sd(*x), _mm_set_sd(1))); }\n";
	const char *ours =
		"#include <clade_avx2.h>\ndouble kernel(const double *x)\n"
		"{ double y[4]; _mm256_storeu_pd(y, _mm256_fmadd_pd(_mm256_set1_pd(*x), _mm256_set1_pd(1),\n"
		"_mm256_set1_pd(1))); return y[2]; }\n";
	const char *sources[] = { wide, narrow, ours };
	int64_t wall_ns[3];
	(void)state;

	for (int i = 0; i < 3; i++) {
		struct compile_request request = boxes_request(sources[i], ADAPTER);
		struct compile_result r;
		request.flags[1] = "-mavx2";
		request.flags[2] = "-mfma";
		boxes_compile(&r, &request);
		if (r.outcome != SANDBOX_OK)
			fail_msg("%s", r.diagnostics);
		assert_true(run_image(r.images[0], 4) == 5);
		wall_ns[i] = r.cpu_ns;
		compile_result_release(&r);
	}
	print_message(
		"# cpu of the tools: immintrin.h %.1f ms, emmintrin.h %.1f ms, clade_avx2.h %.1f ms\n",
		(double)wall_ns[0] / 1e6, (double)wall_ns[1] / 1e6, (double)wall_ns[2] / 1e6);
}

static void native_flags_are_resolved(void **state)
{
	struct compile_request request = boxes_request(
		"double kernel(const double *x) { return *x; }", ADAPTER);
	struct compile_result r;
	(void)state;

	memcpy(request.flags,
		(const char *[]){ "-O3", "-march=native", "-mtune=native", "-ffp-contract=off" },
		4 * sizeof(char *));
	boxes_compile(&r, &request);
	assert_int_equal(r.outcome, SANDBOX_OK);
	compile_result_release(&r);
}

static void the_include_folder_is_searched(void **state)
{
	char folder[] = "/tmp/test_compile_box.XXXXXX", path[64];
	struct sandbox_options options = { .include_dir = folder };
	struct compile_request request = boxes_request(
		"#include \"factor.h\"\n#include <factor.h>\n"
		"double kernel(const double *x) { return FACTOR * *x; }",
		ADAPTER);
	struct sandbox *s = NULL;
	struct compile_result r;
	struct err e = { 0 };
	(void)state;

	assert_non_null(mkdtemp(folder)); /* mode 0700: no box may walk into it by path */
	snprintf(path, sizeof path, "%s/factor.h", folder);
	assert_int_equal(fdio_write_file(path, "#define FACTOR 9\n", 17, NULL), 0);
	if (sandbox_open(&s, &options, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(compile_box_run(&r, s, &request, &e), 0);
	assert_int_equal(r.outcome, SANDBOX_OK);
	assert_true(run_image(r.images[0], 2) == 18);
	compile_result_release(&r);
	sandbox_close(s);
	unlink(path);
	rmdir(folder);
}

static void bad_requests_are_errors_of_the_caller(void **state)
{
	static const char *const flags[] = { "-fplugin=/tmp/x.so", "-o", "-include", "-flto",
		"-fpreprocessed", "candidate.c", "-fdump-tree-all", "-m32", "-I/etc" };
	struct compile_request good = boxes_request("int x;", ADAPTER), bad;
	struct compile_result r;
	(void)state;

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		bad = good;
		bad.flags[1] = flags[i];
		assert_int_equal(compile_box_run(&r, boxes_sandbox(), &bad, NULL), ERR_ARGS);
	}
	for (int i = 0; i < 3; i++) {
		bad = good;
		bad.layouts[0] = (uint32_t[]){ 4096, 32, 65 }[i];
		assert_int_equal(compile_box_run(&r, boxes_sandbox(), &bad, NULL), ERR_ARGS);
	}
	bad = good;
	bad.layout_count = 0;
	assert_int_equal(compile_box_run(&r, boxes_sandbox(), &bad, NULL), ERR_ARGS);
	for (int i = 0; i < 4; i++) {
		bad = good;
		bad.units[0].name = (const char *[]){ "../adapter.c", "candidate.c", "-o.c",
			"p/adapter.c" }[i];
		assert_int_equal(compile_box_run(&r, boxes_sandbox(), &bad, NULL), ERR_ARGS);
	}
}

static void an_oversized_source_is_a_limit(void **state)
{
	char *source = malloc(COMPILE_SOURCE_MAX + 2);
	struct compile_request request;
	struct compile_result r;
	(void)state;

	memset(source, ' ', COMPILE_SOURCE_MAX + 1);
	source[COMPILE_SOURCE_MAX + 1] = '\0';
	request = boxes_request(source, ADAPTER);
	boxes_compile(&r, &request);
	assert_int_equal(r.outcome, SANDBOX_LIMIT);
	free(source);
}

static void a_short_wall_limit_is_a_timeout(void **state)
{
	struct compile_request request = boxes_request(
		"double kernel(const double *x) { return *x; }", ADAPTER);
	struct compile_result r;
	(void)state;

	boxes_compile(&r, &request); /* the units are known from here on */
	compile_result_release(&r);
	request.wall_limit_ns = 6000000;
	request.source = "#include <immintrin.h>\ndouble kernel(const double *x) { return *x; }";
	request.source_bytes = strlen(request.source);
	boxes_compile(&r, &request);
	assert_int_equal(r.outcome, SANDBOX_TIMEOUT);
}

static void clang_is_unsupported_and_a_missing_compiler_named(void **state)
{
	struct sandbox_options options = { .compiler = "/nonexistent/gcc" };
	struct sandbox *s = NULL;
	struct err e = { 0 };
	(void)state;

	assert_int_equal(sandbox_open(&s, &options, &e), ERR_MISSING);
	assert_non_null(strstr(e.text, "/nonexistent/gcc"));
	options.compiler = "clang";
	if (access("/usr/bin/clang", X_OK) == 0)
		assert_int_equal(sandbox_open(&s, &options, &e), ERR_UNSUPPORTED);
	assert_null(s);
	assert_non_null(strstr(sandbox_compiler_version(boxes_sandbox()), "gcc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_and_its_adapter_become_one_sealed_image),
		cmocka_unit_test(a_syntax_error_is_an_outcome_with_diagnostics),
		cmocka_unit_test(a_missing_kernel_is_refused_by_the_loader_with_its_name),
		cmocka_unit_test(equal_requests_give_equal_bytes),
		cmocka_unit_test(dates_and_times_are_pinned),
		cmocka_unit_test(layouts_move_the_code_by_as_many_bytes),
		cmocka_unit_test(hot_and_cold_code_moves_with_the_layout),
		cmocka_unit_test(a_unit_may_include_the_candidate),
		cmocka_unit_test(several_units_are_linked_and_kept_apart_by_flags),
		cmocka_unit_test(a_unit_that_does_not_compile_says_so),
		cmocka_unit_test(our_headers_are_there_and_every_prototype_compiles),
		cmocka_unit_test(the_compilers_intrinsics_headers_work),
		cmocka_unit_test(native_flags_are_resolved),
		cmocka_unit_test(the_include_folder_is_searched),
		cmocka_unit_test(bad_requests_are_errors_of_the_caller),
		cmocka_unit_test(an_oversized_source_is_a_limit),
		cmocka_unit_test(a_short_wall_limit_is_a_timeout),
		cmocka_unit_test(clang_is_unsupported_and_a_missing_compiler_named),
	};

	return cmocka_run_group_tests(tests, boxes_open, boxes_close);
}
