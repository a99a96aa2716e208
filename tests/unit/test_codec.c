#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "archive/codec.h"
#include "base/err.h"
#include "base/random.h"

static size_t round_trip(struct codec *c, const void *bytes, size_t size, int64_t wanted_dictionary)
{
	int64_t dictionary;
	void *packed = NULL;
	char *raw = NULL;
	size_t packed_size;

	assert_int_equal(codec_pack(&packed, &packed_size, &dictionary, c, CODEC_SOURCE, bytes, size,
		NULL), 0);
	assert_int_equal(dictionary, wanted_dictionary);
	assert_int_equal(codec_unpack(&raw, c, dictionary, packed, packed_size, size, NULL), 0);
	assert_memory_equal(raw, bytes, size);
	assert_int_equal(raw[size], 0);
	free(raw);
	free(packed);
	return packed_size;
}

static void everything_comes_back(void **state)
{
	static char bytes[100000];
	struct codec *c = codec_new();
	struct random r;

	(void)state;
	random_keyed(&r, 1, 0);
	round_trip(c, bytes, 0, 0);
	round_trip(c, "x", 1, 0);
	round_trip(c, bytes, sizeof(bytes), 0);
	random_bytes(&r, bytes, sizeof(bytes));
	round_trip(c, bytes, sizeof(bytes), 0);
	codec_free(c);
}

static const char family[] =
	"static void kernel(double *out, const double *a, const double *b, int n)\n{\n"
	"\tfor (int i = 0; i < n; i++)\n\t\tout[i] = a[i] * b[i] + 0.25 * (a[i] - b[i]);\n}\n";

static void a_dictionary_of_the_seed_makes_variants_small(void **state)
{
	struct codec *c = codec_new();
	char variant[sizeof(family)];
	size_t plain, with;

	(void)state;
	memcpy(variant, family, sizeof(family));
	memcpy(strstr(variant, "0.25"), "0.75", 4);
	plain = round_trip(c, variant, strlen(variant), 0);
	assert_int_equal(codec_add(c, CODEC_SOURCE, 7, family, strlen(family), NULL), 0);
	assert_int_equal(codec_packs_with(c, CODEC_SOURCE), 7);
	assert_int_equal(codec_packs_with(c, CODEC_IMAGE), 0);
	with = round_trip(c, variant, strlen(variant), 7);
	assert_true(with * 3 < plain);
	codec_free(c);
}

static void old_dictionaries_still_unpack(void **state)
{
	struct codec *c = codec_new();
	int64_t dictionary;
	void *packed = NULL;
	char *raw = NULL;
	size_t size;

	(void)state;
	codec_add(c, CODEC_SOURCE, 1, family, strlen(family), NULL);
	codec_pack(&packed, &size, &dictionary, c, CODEC_SOURCE, family, sizeof(family), NULL);
	codec_add(c, CODEC_SOURCE, 2, "something else", 14, NULL);
	assert_int_equal(codec_packs_with(c, CODEC_SOURCE), 2);
	assert_int_equal(codec_unpack(&raw, c, dictionary, packed, size, sizeof(family), NULL), 0);
	assert_string_equal(raw, family);
	free(raw);
	raw = NULL;
	codec_forget(c, 0);
	assert_int_equal(codec_unpack(&raw, c, dictionary, packed, size, sizeof(family), NULL), ERR_FORMAT);
	assert_null(raw);
	free(packed);
	codec_free(c);
}

static void damaged_bytes_are_refused(void **state)
{
	struct codec *c = codec_new();
	int64_t dictionary;
	void *packed = NULL;
	char *raw = NULL;
	size_t size;

	(void)state;
	codec_pack(&packed, &size, &dictionary, c, CODEC_SOURCE, family, sizeof(family), NULL);
	assert_int_equal(codec_unpack(&raw, c, 0, packed, size - 1, sizeof(family), NULL), ERR_FORMAT);
	assert_int_equal(codec_unpack(&raw, c, 0, packed, size, sizeof(family) - 1, NULL), ERR_FORMAT);
	assert_int_equal(codec_unpack(&raw, c, 0, packed, size, sizeof(family) + 1, NULL), ERR_FORMAT);
	assert_int_equal(codec_unpack(&raw, c, 0, packed, size, SIZE_MAX, NULL), ERR_FORMAT);
	assert_int_equal(codec_unpack(&raw, c, 0, "garbage", 7, 100, NULL), ERR_FORMAT);
	assert_null(raw);
	assert_int_equal(codec_pack(&packed, &size, &dictionary, c, CODEC_SOURCE, family,
		(size_t)CODEC_BYTES_MAX + 1, NULL), ERR_LIMIT);
	free(packed);
	codec_free(c);
}

static void training_needs_enough_samples(void **state)
{
	enum { COUNT = 200, BYTES = 300 };
	static char samples[COUNT * BYTES];
	size_t sizes[COUNT], size = 0;
	void *made = NULL;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		snprintf(samples + i * BYTES, BYTES, "%d int f%d(int x%d) { return x%d * %d + y[%d]; } "
			"void g%d(double *a, double *b) { a[%d] = b[%d] * 0.%d; }", i, i * 7, i * 3, i * 3,
			i * 31, i * 17, i, i * 5, i * 11, i * 13);
		sizes[i] = BYTES;
	}
	assert_int_equal(codec_train(&made, &size, samples, sizes, 1, NULL), ERR_FORMAT);
	assert_null(made);
	assert_int_equal(codec_train(&made, &size, samples, sizes, COUNT, NULL), 0);
	assert_true(size > 0 && size <= CODEC_DICTIONARY_MAX);
	free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_comes_back),
		cmocka_unit_test(a_dictionary_of_the_seed_makes_variants_small),
		cmocka_unit_test(old_dictionaries_still_unpack),
		cmocka_unit_test(damaged_bytes_are_refused),
		cmocka_unit_test(training_needs_enough_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
