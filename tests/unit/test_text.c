#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/text.h"

static void copies_are_equal_and_null_stays_null(void **state)
{
	char *copy = text_copy("abc");
	char *part = text_copy_n("abc", 2);
	char *made = text_format("%d-%s", 3, "x");

	(void)state;
	assert_string_equal(copy, "abc");
	assert_string_equal(part, "ab");
	assert_string_equal(made, "3-x");
	assert_null(text_copy(NULL));
	assert_true(text_equal("a", "a") && text_equal(NULL, NULL));
	assert_false(text_equal("a", NULL) || text_equal(NULL, "a") || text_equal("a", "b"));
	assert_true(text_has_prefix("abc", "ab") && text_has_prefix("abc", ""));
	assert_false(text_has_prefix("ab", "abc"));
	free(copy);
	free(part);
	free(made);
}

static void distance_is_levenshtein(void **state)
{
	(void)state;
	assert_int_equal(text_distance("kitten", "sitting"), 3);
	assert_int_equal(text_distance("", "abc"), 3);
	assert_int_equal(text_distance("abc", ""), 3);
	assert_int_equal(text_distance("flaw", "lawn"), 2);
	assert_int_equal(text_distance("same", "same"), 0);
}

static void the_nearest_name_is_offered_and_far_ones_are_not(void **state)
{
	static const char *const names[] = { "evaluations", "workers", "wall", "seed" };

	(void)state;
	assert_string_equal(text_nearest("evalations", names, 4), "evaluations");
	assert_string_equal(text_nearest("sede", names, 4), "seed");
	assert_string_equal(text_nearest("wal", names, 4), "wall");
	assert_null(text_nearest("zebra", names, 4));
	assert_null(text_nearest("", names, 4));
}

static void numbers_must_be_the_whole_string(void **state)
{
	static const char *const bad[] = {
		"", " 1", "1 ", "1x", "x", "9223372036854775808", "1.5", "--1",
	};
	int64_t value = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_parse_i64(&value, bad[i]), ERR_FORMAT);
	assert_int_equal(text_parse_i64(&value, NULL), ERR_FORMAT);
	assert_int_equal(value, 77);
	assert_int_equal(text_parse_i64(&value, "-9223372036854775808"), 0);
	assert_true(value == INT64_MIN);
}

static void doubles_are_finite_and_decimal(void **state)
{
	static const char *const bad[] = {
		"", "nan", "inf", "-inf", "1e999", "0x1p3", " 1", "1,5", "1.5x", "-",
	};
	double value = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_parse_double(&value, bad[i]), ERR_FORMAT);
	assert_true(value == 77);
	assert_int_equal(text_parse_double(&value, "-1.5e3"), 0);
	assert_true(value == -1500);
	assert_int_equal(text_parse_double(&value, ".25"), 0);
	assert_true(value == 0.25);
}

static void durations_take_units(void **state)
{
	static const char *const bad[] = { "", "s", "1x", "1ss", "-1s", "1 s", "1e30d", "nan" };
	int64_t ns = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_parse_duration_ns(&ns, bad[i]), ERR_FORMAT);
	assert_true(ns == 77);
	assert_int_equal(text_parse_duration_ns(&ns, "90s"), 0);
	assert_true(ns == 90000000000);
	assert_int_equal(text_parse_duration_ns(&ns, "1.5h"), 0);
	assert_true(ns == 5400000000000);
	assert_int_equal(text_parse_duration_ns(&ns, "2"), 0);
	assert_true(ns == 2000000000);
	assert_int_equal(text_parse_duration_ns(&ns, "1d"), 0);
	assert_true(ns == 86400000000000);
	assert_int_equal(text_parse_duration_ns(&ns, "3m"), 0);
	assert_true(ns == 180000000000);
}

/* A candidate must not move the cursor or rename the terminal of somebody who reads its output. */
static void escape_sequences_become_question_marks(void **state)
{
	char *s = text_printable("a\033[2J\tb\nc\0d\x7f", 12, 100);

	(void)state;
	assert_string_equal(s, "a?[2J\tb\nc?d?");
	free(s);
	s = text_printable("abcdef", 6, 3);
	assert_string_equal(s, "abc");
	free(s);
}

/* U+009B is one character for ESC [, and bytes that are no UTF-8 would make the JSON invalid. */
static void only_printable_utf8_passes(void **state)
{
	char *s = text_printable("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", 11, 100);

	(void)state;
	assert_string_equal(s, "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
	free(s);
	s = text_printable("\x9b" "1m \xc2\x9b \xff \xc0\xaf \xed\xa0\x80 \xe2\x82", 18, 100);
	assert_string_equal(s, "?1m ?? ? ?? ??? ??");
	free(s);
	s = text_printable("ab\xe2\x82\xac", 5, 4);
	assert_string_equal(s, "ab??");
	free(s);
}

static void sizes_and_spans_read_well(void **state)
{
	static const struct { int64_t value; const char *bytes, *span; } rows[] = {
		{ 0, "0 B", "0 ns" },
		{ 999, "999 B", "999 ns" },
		{ 1200, "1.2 KB", "1.2 us" },
		{ 999960, "1.0 MB", "1.0 ms" },
		{ 12000000000, "12.0 GB", "12.0 s" },
		{ 200000000000, "200.0 GB", "3m 20s" },
		{ 3720000000000, "3.7 TB", "1h 2m" },
		{ 190800000000000, "190.8 TB", "2d 5h" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text_human_bytes(text, rows[i].value);
		assert_string_equal(text, rows[i].bytes);
		text_human_span(text, rows[i].value);
		assert_string_equal(text, rows[i].span);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_are_equal_and_null_stays_null),
		cmocka_unit_test(distance_is_levenshtein),
		cmocka_unit_test(the_nearest_name_is_offered_and_far_ones_are_not),
		cmocka_unit_test(numbers_must_be_the_whole_string),
		cmocka_unit_test(doubles_are_finite_and_decimal),
		cmocka_unit_test(durations_take_units),
		cmocka_unit_test(escape_sequences_become_question_marks),
		cmocka_unit_test(only_printable_utf8_passes),
		cmocka_unit_test(sizes_and_spans_read_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
