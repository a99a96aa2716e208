#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/hash.h"

/* XXH3-128 of nothing with seed 0: the table in xxHash's own tests/sanity_test.c. */
static void the_plain_hash_is_xxh3_128(void **state)
{
	char hex[HASH_HEX];
	struct hash h = hash_plain("", 0);

	(void)state;
	hash_hex(hex, &h);
	assert_string_equal(hex, "99aa06d3014798d86001c324468d497f");
}

static void hex_and_bytes_turn_into_each_other(void **state)
{
	struct hash h = hash_plain("kernel", 6), back;
	char hex[HASH_HEX];

	(void)state;
	hash_hex(hex, &h);
	assert_int_equal(hash_from_hex(&back, hex), 0);
	assert_true(hash_equal(&h, &back));
	hex[0] = hex[0] == '0' ? '1' : '0';
	assert_int_equal(hash_from_hex(&back, hex), 0);
	assert_false(hash_equal(&h, &back));
	assert_int_equal(hash_from_hex(&back, "99AA06D3014798D86001C324468D497F"), 0);
}

static void anything_but_32_digits_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "99aa06d3014798d86001c324468d497", "99aa06d3014798d86001c324468d497f0",
		"99aa06d3014798d86001c324468d497g", "0x99aa06d3014798d86001c324468d49",
	};
	struct hash h = { .bytes = { 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(hash_from_hex(&h, bad[i]), ERR_FORMAT);
	assert_int_equal(hash_from_hex(&h, NULL), ERR_FORMAT);
	assert_int_equal(h.bytes[0], 1);
}

/* At every length class of XXH3: 0, 1-3, 4-8, 9-16, 17-128, 129-240, longer. */
static void the_key_changes_every_hash(void **state)
{
	static const size_t sizes[] = { 0, 3, 8, 16, 100, 200, 5000 };
	static char bytes[5000];
	struct hash_secret a, b;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	hash_secret_derive(&a, 1);
	hash_secret_derive(&b, 2);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct hash x = hash_keyed(&a, bytes, sizes[i]);
		struct hash y = hash_keyed(&b, bytes, sizes[i]);
		struct hash z = hash_keyed(&a, bytes, sizes[i]);

		assert_true(hash_equal(&x, &z));
		assert_false(hash_equal(&x, &y));
	}
}

static void one_changed_byte_changes_the_hash(void **state)
{
	struct hash_secret key;
	struct hash x, y;

	(void)state;
	assert_int_equal(hash_secret_make(&key, NULL), 0);
	x = hash_keyed(&key, "int f(int a)", 12);
	y = hash_keyed(&key, "int f(int b)", 12);
	assert_false(hash_equal(&x, &y));
}

static void made_secrets_differ_and_derived_ones_repeat(void **state)
{
	struct hash_secret a, b;

	(void)state;
	assert_int_equal(hash_secret_make(&a, NULL), 0);
	assert_int_equal(hash_secret_make(&b, NULL), 0);
	assert_memory_not_equal(a.bytes, b.bytes, sizeof(a.bytes));
	hash_secret_derive(&a, 9);
	hash_secret_derive(&b, 9);
	assert_memory_equal(a.bytes, b.bytes, sizeof(a.bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_plain_hash_is_xxh3_128),
		cmocka_unit_test(hex_and_bytes_turn_into_each_other),
		cmocka_unit_test(anything_but_32_digits_is_refused),
		cmocka_unit_test(the_key_changes_every_hash),
		cmocka_unit_test(one_changed_byte_changes_the_hash),
		cmocka_unit_test(made_secrets_differ_and_derived_ones_repeat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
