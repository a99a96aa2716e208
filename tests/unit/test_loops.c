/*
 * Loop operators: on a kernel whose loops may run in any order every one of them must keep the
 * answer, at sizes around tiles and factors. All variants are compiled into one object and run.
 */
#include <dlfcn.h>
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

#include "base/buffer.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/text.h"
#include "mutators/region.h"
#include "tests/support/seeds.h"
#include "tests/support/workbench.h"

#define DRAWS 24
#define VARIANTS_MAX 512
#define SIZE_MAX_TESTED 72

static const struct mutator_domain kernel = { .kind = DOMAIN_LOOPS,
	.syntax = DOMAIN_ALL & ~(DOMAIN_ASM | DOMAIN_GOTO),
	.flags = MUTATOR_FLAGS_ATTRIBUTES };

/* One signature for all: x in, y in and out. */
#define F(body)                                                                                    \
	"void kernel(const float *A, const float *B, float *C, unsigned long n) { " body " }"
static const char matmul[] = F("for (unsigned long i = 0; i < n; i++) for (unsigned long j = 0; j "
			       "< n; j++) for (unsigned long k = 0; k < n; k++) "
			       "C[i * n + j] += A[i * n + k] * B[k * n + j];");
static const char two_parts[] = F("for (unsigned long i = 0; i < n; i++) { C[i * n] *= 2.0f; for "
				  "(unsigned long j = 0; j < n; j++) C[i * n + j] += B[j]; }");
static const char sum[] = F("float s = 0; for (unsigned long i = 0; i < n; i++) s += A[i] * B[i]; "
			    "for (unsigned long i = 0; i < n; i++) C[i] = s;");
static const char neighbours[] = F("for (unsigned long i = 0; i < n; i++) C[i] = A[i]; for "
				   "(unsigned long i = 0; i < n; i++) C[i] += B[i];");

static const struct {
	const char *operator, *text;
	int least;
} rows[] = {
	{ "loop interchange", matmul, 3 },
	{ "loop tile", matmul, 12 },
	{ "loop jam", matmul, 4 },
	{ "scalar replacement", matmul, 1 },
	{ "register tile", matmul, 8 },
	{ "loop unroll pragma", matmul, 8 },
	{ "restrict", matmul, 1 },
	{ "optimize attribute", matmul, 4 },
	{ "target attribute", matmul, 2 },
	{ "loop distribute", two_parts, 1 },
	{ "loop fission", two_parts, 1 },
	{ "accumulator split", sum, 3 },
	{ "loop fusion", neighbours, 1 },
	{ "expression swap", matmul, 3 },
};
#define ROWS ((int)(sizeof rows / sizeof rows[0]))

typedef void kernel_fn(const float *, const float *, float *, unsigned long);

struct variants {
	char *texts[VARIANTS_MAX];
	int row[VARIANTS_MAX];
	int count;
	kernel_fn *run[VARIANTS_MAX];
	kernel_fn *seed[ROWS];
};

static void add_variants(struct variants *v, int row)
{
	int from = v->count;

	for (uint64_t k = 0; k < DRAWS; k++) {
		char *text = workbench_apply(
			workbench_operator(rows[row].operator), rows[row].text, &kernel, k);
		bool known = text == NULL;

		for (int i = from; i < v->count && !known; i++)
			known = strcmp(v->texts[i], text) == 0;
		if (known) {
			free(text);
			continue;
		}
		assert_true(v->count < VARIANTS_MAX);
		v->row[v->count] = row;
		v->texts[v->count++] = text;
	}
	if (v->count - from < rows[row].least)
		fail_msg("%s gave only %d variants", rows[row].operator, v->count - from);
}

static void *compile(struct variants *v)
{
	char source[] = "/tmp/clade-loops-XXXXXX", object[64], command[192];
	struct buffer unit;
	int fd = mkstemp(source);
	void *handle;

	assert_true(fd >= 0);
	close(fd);
	buffer_init(&unit, 16u << 20);
	for (int i = 0; i < ROWS; i++)
		buffer_format(&unit, "#define kernel seed%d\n%s\n#undef kernel\n", i, rows[i].text);
	for (int i = 0; i < v->count; i++)
		buffer_format(&unit, "#define kernel f%d\n%s\n#undef kernel\n", i, v->texts[i]);
	assert_int_equal(fdio_write_file(source, unit.bytes, unit.size, NULL), 0);
	buffer_release(&unit);
	snprintf(object, sizeof object, "%s.so", source);
	snprintf(command, sizeof command, "gcc -std=c17 -w -O1 -x c -shared -fPIC -o %s %s", object,
		source);
	assert_int_equal(system(command), 0);
	handle = dlopen(object, RTLD_NOW | RTLD_LOCAL);
	assert_non_null(handle);
	unlink(source);
	unlink(object);
	return handle;
}

static kernel_fn *symbol(void *handle, const char *prefix, int number)
{
	char name[32];
	kernel_fn *f;

	snprintf(name, sizeof name, "%s%d", prefix, number);
	*(void **)&f = dlsym(handle, name);
	assert_non_null(f);
	return f;
}

/* Guard values behind n * n: a variant that writes past the end is seen. */
static void check(const struct variants *v, int variant, unsigned long n)
{
	static float a[SIZE_MAX_TESTED * SIZE_MAX_TESTED], b[SIZE_MAX_TESTED * SIZE_MAX_TESTED];
	static float want[SIZE_MAX_TESTED * SIZE_MAX_TESTED + 8],
		got[SIZE_MAX_TESTED * SIZE_MAX_TESTED + 8];

	/* Small integers: sums are exact in any order. */
	for (unsigned long i = 0; i < n * n; i++) {
		a[i] = (float)(i * 7 % 11) - 5;
		b[i] = (float)(i * 5 % 13) - 6;
	}
	for (unsigned long i = 0; i < n * n + 8; i++)
		want[i] = got[i] = (float)(i % 5);
	v->seed[v->row[variant]](a, b, want, n);
	v->run[variant](a, b, got, n);
	if (memcmp(want, got, (n * n + 8) * sizeof *got) != 0)
		fail_msg("%s is wrong at n = %lu:\n%s", rows[v->row[variant]].operator, n,
			v->texts[variant]);
}

static void every_transformation_keeps_the_answer(void **state)
{
	static const unsigned long sizes[] = { 0, 1, 2, 3, 7, 8, 9, 31, 33, 64, 70 };
	struct variants *v = calloc(1, sizeof *v);
	void *handle;

	(void)state;
	assert_non_null(v);
	for (int i = 0; i < ROWS; i++)
		add_variants(v, i);
	handle = compile(v);
	for (int i = 0; i < ROWS; i++)
		v->seed[i] = symbol(handle, "seed", i);
	for (int i = 0; i < v->count; i++) {
		v->run[i] = symbol(handle, "f", i);
		for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
			check(v, i, sizes[k]);
	}
	print_message("%d variants of %d operators\n", v->count, ROWS);
	dlclose(handle);
	for (int i = 0; i < v->count; i++)
		free(v->texts[i]);
	free(v);
}

static void headers_do_not_move_over_names_that_they_need(void **state)
{
	static const char triangle[] = F("for (unsigned long i = 0; i < n; i++) for (unsigned long "
					 "j = i; j < n; j++) C[j] += A[i];");

	(void)state;
	for (uint64_t k = 0; k < 50; k++) {
		char *text = workbench_apply(
			workbench_operator("loop interchange"), triangle, &kernel, k);

		assert_null(text);
		text = workbench_apply(workbench_operator("loop tile"), triangle, &kernel, k);
		if (text != NULL)
			assert_true(strstr(text, "j = i") == NULL ||
				strstr(text, "i = ") < strstr(text, "j = i") ||
				strstr(text, "i_t") < strstr(text, "j = i"));
		free(text);
		assert_null(workbench_apply(workbench_operator("loop jam"), triangle, &kernel, k));
		assert_null(
			workbench_apply(workbench_operator("register tile"), triangle, &kernel, k));
	}
}

static void fission_keeps_a_declaration_with_its_uses(void **state)
{
	static const char text[] =
		F("for (unsigned long i = 0; i < n; i++) { float t = A[i]; C[i] = t; }");

	(void)state;
	for (uint64_t k = 0; k < 50; k++)
		assert_null(workbench_apply(workbench_operator("loop fission"), text, &kernel, k));
}

static int count_of(const char *text, const char *part)
{
	int n = 0;

	for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
		n++;
	return n;
}

static void pragmas_and_attributes_are_replaced_and_never_stacked(void **state)
{
	static const char *const names[] = { "loop unroll pragma", "optimize attribute",
		"target attribute" };
	static const char *const marks[] = { "#pragma GCC unroll", "optimize(", "target(" };
	static const char one_loop[] = F("for (unsigned long i = 0; i < n; i++) C[i] = A[i];");

	(void)state;
	for (int i = 0; i < 3; i++) {
		char *text = text_copy(one_loop);

		for (uint64_t k = 0; k < 30; k++) {
			char *next =
				workbench_apply(workbench_operator(names[i]), text, &kernel, k);

			assert_non_null(next);
			assert_in_range(count_of(next, marks[i]), 0, 1);
			free(text);
			text = next;
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_transformation_keeps_the_answer),
		cmocka_unit_test(headers_do_not_move_over_names_that_they_need),
		cmocka_unit_test(fission_keeps_a_declaration_with_its_uses),
		cmocka_unit_test(pragmas_and_attributes_are_replaced_and_never_stacked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
