#include <float.h>
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

static int parse(cJSON **out, const char *text)
{
	return json_parse(out, text, strlen(text), NULL);
}

static void one_value_and_nothing_else_is_read(void **state)
{
	static const char *const bad[] = {
		"", "{", "{} x", "[1]]", "{\"a\":1}}", "nul",
		"{\"a\":\"\\u0000\"}", "\"a\\\\\\u0000\"", "{\"a\"}",
	};
	cJSON *value = NULL;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(&value, bad[i]), ERR_FORMAT);
	assert_null(value);
	assert_int_equal(json_parse(&value, "[1] 2", 5, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "byte 4"));
	assert_int_equal(parse(&value, " {\"a\": \"\\\\u0000\"} \n"), 0);
	assert_string_equal(json_text_or(value, "a", ""), "\\u0000");
	cJSON_Delete(value);
}

static void bytes_behind_size_are_not_read(void **state)
{
	cJSON *value = NULL;

	(void)state;
	assert_int_equal(json_parse(&value, "[12]garbage", 4, NULL), 0);
	cJSON_Delete(value);
	value = NULL;
	assert_int_equal(json_parse(&value, "[12]garbage", 3, NULL), ERR_FORMAT);
	assert_null(value);
}

/* Print and read again, as a peer would. */
static cJSON *through_text(cJSON *object)
{
	char *text = json_text(object);
	cJSON *back = NULL;

	assert_int_equal(parse(&back, text), 0);
	free(text);
	cJSON_Delete(object);
	return back;
}

static void every_64_bit_integer_survives(void **state)
{
	static const int64_t values[] = {
		0, -1, 1LL << 53, (1LL << 53) + 1, -(1LL << 53) - 1,
		INT64_MAX, INT64_MIN, 1700000000000000001,
	};
	int64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		cJSON *object = cJSON_CreateObject();

		json_put_i64(object, "n", values[i]);
		assert_int_equal(json_i64_at(&value, object, "n", NULL), 0);
		assert_true(value == values[i]);
		object = through_text(object);
		assert_int_equal(json_i64_at(&value, object, "n", NULL), 0);
		assert_true(value == values[i]);
		cJSON_Delete(object);
	}
}

static void every_finite_double_survives_to_the_last_bit(void **state)
{
	struct random r;
	double value;

	(void)state;
	random_keyed(&r, 1, 0);
	for (int i = 0; i < 500; i++) {
		double wanted = i == 0 ? 5e-324 : i == 1 ? DBL_MAX : random_normal(&r);
		cJSON *object = cJSON_CreateObject();

		json_put_double(object, "x", wanted);
		assert_int_equal(json_double_at(&value, object, "x", NULL), 0);
		assert_true(value == wanted);
		object = through_text(object);
		assert_int_equal(json_double_at(&value, object, "x", NULL), 0);
		assert_true(value == wanted);
		cJSON_Delete(object);
	}
}

static void what_is_not_finite_becomes_null_and_reads_as_nan(void **state)
{
	cJSON *object = cJSON_CreateObject();
	double value = 1;

	(void)state;
	json_put_double(object, "nan", NAN);
	json_put_double(object, "inf", INFINITY);
	object = through_text(object);
	assert_int_equal(json_double_at(&value, object, "nan", NULL), 0);
	assert_true(isnan(value));
	assert_int_equal(json_double_at(&value, object, "inf", NULL), 0);
	assert_true(isnan(value));
	cJSON_Delete(object);
}

static void a_wrong_type_is_an_error_that_names_the_key(void **state)
{
	static const char text[] =
		"{\"half\":1.5,\"big\":1e300,\"over\":1e999,"
		"\"word\":\"x\",\"yes\":true,\"null\":null,\"n\":9007199254740994}";
	cJSON *object = NULL;
	struct err e = { 0 };
	const char *s = "kept";
	int64_t n = 5;
	double d = 5;
	bool b = true;

	(void)state;
	assert_int_equal(parse(&object, text), 0);
	assert_int_equal(json_i64_at(&n, object, "half", &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "\"half\""));
	assert_int_equal(json_i64_at(&n, object, "big", NULL), ERR_FORMAT);
	assert_int_equal(json_i64_at(&n, object, "word", NULL), ERR_FORMAT);
	assert_int_equal(json_i64_at(&n, object, "yes", NULL), ERR_FORMAT);
	assert_int_equal(json_i64_at(&n, object, "n", NULL), ERR_FORMAT);
	assert_int_equal(json_double_at(&d, object, "over", NULL), ERR_FORMAT);
	assert_int_equal(json_double_at(&d, object, "word", NULL), ERR_FORMAT);
	assert_int_equal(json_text_at(&s, object, "half", NULL), ERR_FORMAT);
	assert_int_equal(json_text_at(&s, object, "null", NULL), ERR_FORMAT);
	assert_int_equal(json_bool_at(&b, object, "half", NULL), ERR_FORMAT);
	assert_int_equal(json_bool_at(&b, object, "absent", &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "\"absent\" is missing"));
	assert_true(n == 5 && d == 5 && b && strcmp(s, "kept") == 0);
	cJSON_Delete(object);
}

static void absent_keys_give_the_fallback(void **state)
{
	cJSON *object = cJSON_CreateObject();

	(void)state;
	assert_string_equal(json_text_or(object, "x", "f"), "f");
	assert_true(json_i64_or(object, "x", 7) == 7);
	assert_true(json_double_or(object, "x", 0.5) == 0.5);
	assert_true(json_bool_or(object, "x", true));
	json_put_bool(object, "x", false);
	assert_false(json_bool_or(object, "x", true));
	assert_false(json_bool_or(object, "X", false));
	cJSON_Delete(object);
}

static void putting_a_key_again_replaces_it(void **state)
{
	cJSON *object = cJSON_CreateObject();

	(void)state;
	json_put_i64(object, "k", 1);
	json_put_text(object, "k", "two");
	assert_int_equal(cJSON_GetArraySize(object), 1);
	assert_string_equal(json_text_or(object, "k", ""), "two");
	json_put_text(object, "k", NULL);
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(object, "k")));
	cJSON *inner = json_put_array(json_put_object(object, "o"), "a");
	cJSON_AddItemToArray(inner, cJSON_CreateNumber(1));
	char *text = json_text(object);
	assert_string_equal(text, "{\"k\":null,\"o\":{\"a\":[1]}}");
	free(text);
	text = json_pretty(object);
	assert_non_null(strchr(text, '\n'));
	free(text);
	cJSON_Delete(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_value_and_nothing_else_is_read),
		cmocka_unit_test(bytes_behind_size_are_not_read),
		cmocka_unit_test(every_64_bit_integer_survives),
		cmocka_unit_test(every_finite_double_survives_to_the_last_bit),
		cmocka_unit_test(what_is_not_finite_becomes_null_and_reads_as_nan),
		cmocka_unit_test(a_wrong_type_is_an_error_that_names_the_key),
		cmocka_unit_test(absent_keys_give_the_fallback),
		cmocka_unit_test(putting_a_key_again_replaces_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
