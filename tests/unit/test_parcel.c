#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/text.h"
#include "orchestrator/parcel.h"
#include "tests/support/searches.h"

static int set_up(void **state)
{
	*state = searches_new(false);
	return 0;
}

static int tear_down(void **state)
{
	searches_free(*state);
	return 0;
}

/* What a resume reads of what was written; frees c. */
static struct candidate *sent(struct candidate *c)
{
	char *payload = parcel_write(c);
	struct candidate *read = NULL;
	struct err e = { 0 };

	if (parcel_read(&read, c->search, 71, c->proposal, 1, payload, &e) < 0)
		fail_msg("%s: %s", e.text, payload);
	free(payload);
	candidate_free(c);
	return read;
}

static void a_candidate_comes_back_as_it_was(void **state)
{
	struct candidate *c = searches_candidate(*state, 12, "\treturn x; /* \xe4\xf6 \\ \" \t \x01 */\n");
	char *source = text_copy(c->made.source);
	struct candidate *r;

	c->made.flags[0] = text_copy("-O2");
	c->made.flags[1] = text_copy("-fno-math-errno");
	free(c->flags_json);
	c->flags_json = parcel_flags_text(c->made.flags);
	c->depth = 6;
	c->parents[0] = 9007199254740991;
	c->parents[1] = 3;
	c->parent_count = 2;
	r = sent(c);
	assert_string_equal(r->made.source, source);
	assert_int_equal(r->made.source_bytes, strlen(source));
	assert_string_equal(r->flags_json, "[\"-O2\",\"-fno-math-errno\"]");
	assert_string_equal(r->made.flags[1], "-fno-math-errno");
	assert_null(r->made.flags[2]);
	assert_string_equal(r->mutator, "hand");
	assert_string_equal(r->made.operation, "by hand");
	assert_int_equal(r->kind, CANDIDATE_CHILD);
	assert_int_equal(r->queue_id, 71);
	assert_int_equal(r->proposal, 12);
	assert_int_equal(r->tries, 1);
	assert_int_equal(r->depth, 6);
	assert_int_equal(r->parent_count, 2);
	assert_int_equal(r->parents[0], 9007199254740991);
	assert_false(r->made.tune);
	assert_null(r->made.tunable);
	candidate_free(r);
	free(source);
}

static void constants_to_tune_come_back_bit_for_bit(void **state)
{
	static const double values[] = { 0.1, -0.0, 0, 5e-324, 1.7976931348623157e308, INFINITY, -1.0 / 3, 1e22 };
	int count = sizeof values / sizeof *values;
	struct candidate *c = searches_candidate(*state, 1, "\treturn 0.1;\n");
	struct candidate *r;

	c->made.tune = true;
	c->made.tunable = text_copy("return clade_constants[0];");
	c->made.constant_count = count;
	memcpy(c->made.constants, values, sizeof values);
	r = sent(c);
	assert_true(r->made.tune);
	assert_string_equal(r->made.tunable, "return clade_constants[0];");
	assert_int_equal(r->made.constant_count, count);
	assert_memory_equal(r->made.constants, values, sizeof values);
	candidate_free(r);
}

static void assert_refused(struct searches *t, const char *payload)
{
	struct candidate *c = NULL;
	struct err e = { 0 };

	assert_int_equal(parcel_read(&c, &t->search, 1, 345, 0, payload, &e), ERR_FORMAT);
	assert_int_equal(e.code, ERR_FORMAT);
	assert_non_null(strstr(e.text, "345"));
	assert_int_equal(parcel_read(&c, &t->search, 1, 345, 0, payload, NULL), ERR_FORMAT);
	assert_null(c);
}

static void garbage_is_an_error_that_names_the_proposal(void **state)
{
	assert_refused(*state, "");
	assert_refused(*state, "{");
	assert_refused(*state, "[]");
	assert_refused(*state, "{\"source\":7}");
	assert_refused(*state, "{\"mutator\":\"offline\"}");
	assert_refused(*state, "{\"source\":\"x\"} and more");
}

static void lists_that_are_too_long_are_cut(void **state)
{
	char *flags[MUTATOR_FLAGS_MAX + 1];
	struct candidate *c = NULL;
	struct searches *t = *state;

	assert_int_equal(parcel_read(&c, &t->search, 1, 1, 0, "{\"source\":\"x\",\"parents\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"],\"constants\":[\"0x1p+0\"]}", NULL), 0);
	assert_int_equal(c->parent_count, 4);
	assert_false(c->made.tune);
	candidate_free(c);
	assert_int_equal(parcel_flags_read(flags, 2, "[\"a\",1,\"b\",\"c\"]"), 2);
	assert_string_equal(flags[1], "b");
	assert_null(flags[2]);
	free(flags[0]);
	free(flags[1]);
	assert_int_equal(parcel_flags_read(flags, 2, NULL), 0);
	assert_int_equal(parcel_flags_read(flags, 2, "{"), 0);
	assert_null(flags[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_candidate_comes_back_as_it_was),
		TEST(constants_to_tune_come_back_bit_for_bit),
		TEST(garbage_is_an_error_that_names_the_proposal),
		TEST(lists_that_are_too_long_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
