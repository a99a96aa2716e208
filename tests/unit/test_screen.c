#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"
#include "orchestrator/screen.h"
#include "orchestrator/settle.h"
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

static void assert_refused(struct searches *t, const char *source, enum verdict expected, const char *why)
{
	enum verdict verdict = VERDICT_OK;
	char reason[SCREEN_REASON_MAX] = "";

	assert_int_equal(screen_text(&verdict, reason, &t->search, source, strlen(source), NULL), 1);
	assert_string_equal(verdict_rows[verdict].name, verdict_rows[expected].name);
	assert_non_null(strstr(reason, why));
}

static void a_change_inside_the_region_passes(void **state)
{
	struct searches *t = *state;
	const char *source = SEARCHES_HEAD "\tdouble z = x * y;\n\treturn z - 1;\n" SEARCHES_TAIL;
	enum verdict verdict;
	char reason[SCREEN_REASON_MAX];

	assert_int_equal(screen_text(&verdict, reason, &t->search, SEARCHES_SEED, strlen(SEARCHES_SEED), NULL), 0);
	assert_int_equal(screen_text(&verdict, reason, &t->search, source, strlen(source), NULL), 0);
}

static void a_change_outside_the_region_is_an_invalid_edit(void **state)
{
	assert_refused(*state, "/* mine */ " SEARCHES_SEED, VERDICT_INVALID_EDIT, "before");
	assert_refused(*state, SEARCHES_SEED "int more;\n", VERDICT_INVALID_EDIT, "behind");
	assert_refused(*state, "", VERDICT_INVALID_EDIT, "");
}

static void a_moved_marker_is_an_invalid_edit(void **state)
{
	assert_refused(*state, "/* EVOLVE-BLOCK-START */\nstatic double f(double x, double y)\n{\n\treturn x;\n" SEARCHES_TAIL, VERDICT_INVALID_EDIT, "before");
	assert_refused(*state, SEARCHES_HEAD "\treturn x;\n}\n/* EVOLVE-BLOCK-END */\n", VERDICT_INVALID_EDIT, "behind");
	assert_refused(*state, SEARCHES_HEAD "\treturn x;\n" SEARCHES_TAIL SEARCHES_HEAD "\treturn x;\n" SEARCHES_TAIL, VERDICT_INVALID_EDIT, "marker");
}

static void what_the_problem_does_not_allow_is_forbidden(void **state)
{
	assert_refused(*state, SEARCHES_HEAD "\tfor (;;)\n\t\tx = y;\n" SEARCHES_TAIL, VERDICT_FORBIDDEN, "line 4: a loop");
	assert_refused(*state, SEARCHES_HEAD "\treturn exp2(x);\n" SEARCHES_TAIL, VERDICT_FORBIDDEN, "a call");
	assert_refused(*state, SEARCHES_HEAD "\treturn x +;\n" SEARCHES_TAIL, VERDICT_FORBIDDEN, "line 4");
}

/* 1 seen, 0 new; frees c. */
static int seen(int64_t *of, struct candidate *c)
{
	int rc;

	*of = -1;
	rc = screen_token(of, c, NULL);
	assert_true(rc == 0 || rc == 1);
	candidate_free(c);
	return rc;
}

static void a_text_is_seen_whatever_its_layout_comments_and_local_names(void **state)
{
	struct searches *t = *state;
	int64_t id = searches_elite(t, 0, "\tdouble a = x;\n\treturn a + 1.5;\n", 2), of;

	assert_int_equal(seen(&of, searches_candidate(t, 1, "\tdouble a = x;\n\treturn a + 1.5;\n")), 1);
	assert_int_equal(of, id);
	assert_int_equal(seen(&of, searches_candidate(t, 2, "double b=x; /* new */ return b+1.50;\n")), 1);
	assert_int_equal(of, id);
	assert_int_equal(seen(&of, searches_candidate(t, 3, "\tdouble a = x;\n\treturn a + 1.25;\n")), 0);
}

static void other_flags_are_another_program(void **state)
{
	struct searches *t = *state;
	struct candidate *c = searches_candidate(t, 1, "\treturn x;\n");
	int64_t of;

	searches_elite(t, 0, "\treturn x;\n", 2);
	c->made.flags[0] = text_copy("-O1");
	assert_int_equal(seen(&of, c), 0);
}

static void a_text_on_its_way_is_seen(void **state)
{
	struct searches *t = *state;
	int64_t of;

	candidate_begin(searches_candidate(t, 1, "\treturn x * x;\n"));
	assert_int_equal(t->search.in_flight_count, 1);
	assert_int_equal(seen(&of, searches_candidate(t, 2, "\treturn x*x;\n")), 1);
	assert_int_equal(of, 0);
	assert_int_equal(seen(&of, searches_candidate(t, 3, "\treturn x;\n")), 0);
}

/* A hash that matches is not enough: a row that carries our hash but another text is no twin. */
static void the_same_hash_over_another_text_is_not_seen(void **state)
{
	struct searches *t = *state;
	struct candidate *c = searches_candidate(t, 1, "\treturn x / y;\n");
	struct candidate *forged = searches_candidate(t, 0, "\treturn y / x;\n");
	int64_t of;

	assert_int_equal(screen_token(&of, c, NULL), 0);
	searches_score(forged, 3);
	forged->token = c->token;
	assert_int_equal(settle_verdict(forged, VERDICT_OK, NULL, true, NULL), 0);
	candidate_free(forged);
	assert_int_equal(seen(&of, c), 0);
}

static void an_object_is_seen_by_its_bytes(void **state)
{
	struct searches *t = *state;
	int64_t id = searches_elite(t, 0, "\treturn x;\n", 2), of = -1;
	struct candidate *c = searches_candidate(t, 1, "\treturn y;\n");

	c->image = memory_copy(SEARCHES_HEAD "\treturn x;\n" SEARCHES_TAIL, strlen(SEARCHES_HEAD "\treturn x;\n" SEARCHES_TAIL));
	c->image_bytes = strlen(SEARCHES_HEAD "\treturn x;\n" SEARCHES_TAIL);
	assert_int_equal(screen_object(&of, c, NULL), 1);
	assert_int_equal(of, id);
	assert_true(c->has_object);
	((char *)c->image)[c->image_bytes - 1] ^= 1;
	assert_int_equal(screen_object(&of, c, NULL), 0);
	candidate_free(c);
}

static void the_same_hash_over_another_object_is_not_seen(void **state)
{
	struct searches *t = *state;
	struct candidate *c = searches_candidate(t, 1, "\treturn x / y;\n");
	struct candidate *forged = searches_candidate(t, 0, "\treturn y / x;\n");
	int64_t of;

	c->image = memory_copy("object", 6);
	c->image_bytes = 6;
	assert_int_equal(screen_object(&of, c, NULL), 0);
	searches_score(forged, 3);
	forged->object = c->object;
	forged->image_bytes = c->image_bytes;
	assert_int_equal(settle_verdict(forged, VERDICT_OK, NULL, true, NULL), 0);
	candidate_free(forged);
	assert_int_equal(screen_object(&of, c, NULL), 0);
	candidate_free(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_change_inside_the_region_passes),
		TEST(a_change_outside_the_region_is_an_invalid_edit),
		TEST(a_moved_marker_is_an_invalid_edit),
		TEST(what_the_problem_does_not_allow_is_forbidden),
		TEST(a_text_is_seen_whatever_its_layout_comments_and_local_names),
		TEST(other_flags_are_another_program),
		TEST(a_text_on_its_way_is_seen),
		TEST(the_same_hash_over_another_text_is_not_seen),
		TEST(an_object_is_seen_by_its_bytes),
		TEST(the_same_hash_over_another_object_is_not_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
