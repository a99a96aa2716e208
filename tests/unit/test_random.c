#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/random.h"

/* RFC 8439, section 2.3.2: key 00..1f, counter 1, nonce 000000090000004a00000000. */
static void the_block_function_gives_the_rfc_vector(void **state)
{
	static const uint8_t expected[64] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15,
		0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4,
		0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03,
		0x04, 0x22, 0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e,
		0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa, 0x09,
		0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2,
		0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16, 0x4e, 0xb9,
		0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
	};
	uint8_t key[32], out[64];
	struct random r;

	(void)state;
	for (int i = 0; i < 32; i++)
		key[i] = (uint8_t)i;
	random_from_key(&r, key, 0);
	r.state[12] = 1;
	r.state[13] = 0x09000000;
	r.state[14] = 0x4a000000;
	random_bytes(&r, out, sizeof(out));
	assert_memory_equal(out, expected, sizeof(out));
}

/* RFC 8439, appendix A.1, vectors 1 and 2: key and nonce zero, counters 0 and 1. */
static void a_stream_counts_its_blocks(void **state)
{
	static const uint8_t first[8] = { 0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90 };
	static const uint8_t second[8] = { 0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a };
	uint8_t key[32] = { 0 }, out[128];
	struct random r;

	(void)state;
	random_from_key(&r, key, 0);
	random_bytes(&r, out, 3);
	random_bytes(&r, out + 3, 125);
	assert_memory_equal(out, first, sizeof(first));
	assert_memory_equal(out + 64, second, sizeof(second));
}

static void seeds_and_streams_repeat_and_differ(void **state)
{
	struct random a, b, c, d;
	uint64_t x;

	(void)state;
	random_keyed(&a, 7, 3);
	random_keyed(&b, 7, 3);
	random_keyed(&c, 7, 4);
	random_keyed(&d, 8, 3);
	x = random_u64(&a);
	assert_true(x == random_u64(&b));
	assert_true(x != random_u64(&c));
	assert_true(x != random_u64(&d));
	random_keyed(&c, 7, 3 + (1ull << 32));
	assert_true(x != random_u64(&c));
}

static void fresh_generators_differ(void **state)
{
	struct random a, b;

	(void)state;
	assert_int_equal(random_fresh(&a, NULL), 0);
	assert_int_equal(random_fresh(&b, NULL), 0);
	assert_true(random_u64(&a) != random_u64(&b));
}

static void below_is_in_range_and_even(void **state)
{
	int count[6] = { 0 };
	struct random r;

	(void)state;
	random_keyed(&r, 1, 0);
	for (int i = 0; i < 60000; i++) {
		uint64_t x = random_below(&r, 6);

		assert_true(x < 6);
		count[x]++;
	}
	/* Six standard deviations of a binomial with p = 1/6 are 548. */
	for (int i = 0; i < 6; i++)
		assert_true(abs(count[i] - 10000) < 548);
	assert_true(random_below(&r, 0) == 0);
	assert_true(random_below(&r, 1) == 0);
}

/* With this bound, plain multiplication gives numbers divisible by 3 twice as often as others. */
static void below_is_unbiased_for_huge_bounds(void **state)
{
	int third = 0;
	struct random r;

	(void)state;
	random_keyed(&r, 2, 0);
	for (int i = 0; i < 30000; i++)
		third += random_below(&r, 3ull << 62) % 3 == 0;
	assert_true(abs(third - 10000) < 490);
}

static void between_includes_both_ends(void **state)
{
	int low = 0, high = 0;
	struct random r;

	(void)state;
	random_keyed(&r, 3, 0);
	for (int i = 0; i < 1000; i++) {
		int64_t x = random_between(&r, -2, 2);

		assert_true(x >= -2 && x <= 2);
		low += x == -2;
		high += x == 2;
	}
	assert_true(low > 100 && high > 100);
	assert_true(random_between(&r, 5, 5) == 5);
	random_between(&r, INT64_MIN, INT64_MAX);
}

static void unit_and_normal_have_their_moments(void **state)
{
	double sum = 0, square = 0, unit = 0;
	struct random r;

	(void)state;
	random_keyed(&r, 4, 0);
	for (int i = 0; i < 20000; i++) {
		double u = random_unit(&r), x = random_normal(&r);

		assert_true(u >= 0 && u < 1 && isfinite(x));
		unit += u;
		sum += x;
		square += x * x;
	}
	assert_true(fabs(unit / 20000 - 0.5) < 0.0125);
	assert_true(fabs(sum / 20000) < 0.045);
	assert_true(fabs(square / 20000 - 1) < 0.06);
}

static void weights_set_the_odds(void **state)
{
	double weights[5] = { 0, 1, NAN, 3, -4 };
	double huge[2] = { 1e308, 1e308 };
	double none[2] = { 0, -1 };
	int count[5] = { 0 };
	struct random r;

	(void)state;
	random_keyed(&r, 5, 0);
	for (int i = 0; i < 8000; i++)
		count[random_weighted(&r, weights, 5)]++;
	assert_int_equal(count[0] + count[2] + count[4], 0);
	assert_true(abs(count[1] - 2000) < 233);
	assert_true(random_weighted(&r, huge, 2) >= 0);
	assert_int_equal(random_weighted(&r, none, 2), -1);
	assert_int_equal(random_weighted(&r, none, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_block_function_gives_the_rfc_vector),
		cmocka_unit_test(a_stream_counts_its_blocks),
		cmocka_unit_test(seeds_and_streams_repeat_and_differ),
		cmocka_unit_test(fresh_generators_differ),
		cmocka_unit_test(below_is_in_range_and_even),
		cmocka_unit_test(below_is_unbiased_for_huge_bounds),
		cmocka_unit_test(between_includes_both_ends),
		cmocka_unit_test(unit_and_normal_have_their_moments),
		cmocka_unit_test(weights_set_the_odds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
