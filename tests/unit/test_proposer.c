#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/text.h"
#include "orchestrator/proposer.h"
#include "tests/support/searches.h"

#define DRAWS 200

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

/* Draw so many proposals; the number made. */
static int draw(struct searches *t, int draws)
{
	struct err e = { 0 };
	int made = 0;

	for (int i = 0; i < draws; i++) {
		int rc = proposer_next(&t->search, &e);

		if (rc < 0)
			fail_msg("%s", e.text);
		made += rc;
	}
	return made;
}

static void an_empty_map_uses_the_number_up_and_makes_nothing(void **state)
{
	struct searches *t = *state;

	assert_int_equal(draw(t, 1), 0);
	assert_int_equal(t->search.next_proposal, 1);
	assert_int_equal(t->search.proposed, 0);
}

static void proposals_descend_from_elites_and_change_the_region_alone(void **state)
{
	struct searches *t = *state;
	int64_t id = searches_elite(t, 0, "\treturn x + 1.5 * y;\n", 2);

	t->search.next_proposal = 1;
	assert_true(draw(t, DRAWS) > 20);
	assert_int_equal(t->search.next_proposal, DRAWS + 1);
	assert_true(t->search.in_flight_count > 5);
	for (const struct candidate *c = t->search.in_flight; c != NULL; c = c->next) {
		assert_int_equal(c->parents[0], id);
		assert_int_equal(c->depth, 1);
		assert_true(c->queue_id > 0);
		assert_string_equal(c->mutator, "offline");
		assert_true(c->made.operation[0] != '\0');
		assert_int_equal(memcmp(c->made.source, SEARCHES_HEAD, strlen(SEARCHES_HEAD)), 0);
	}
	assert_true(t->search.proposed >= t->search.in_flight_count);
}

static void proposal_k_follows_from_seed_and_map(void **state)
{
	struct searches *t = *state, *other = searches_new(false);
	const struct candidate *a, *b;

	searches_elite(t, 0, "\treturn x + 1.5 * y;\n", 2);
	searches_elite(other, 0, "\treturn x + 1.5 * y;\n", 2);
	draw(t, 60);
	draw(other, 60);
	for (a = t->search.in_flight, b = other->search.in_flight; a != NULL && b != NULL; a = a->next, b = b->next) {
		assert_int_equal(a->proposal, b->proposal);
		assert_string_equal(a->made.source, b->made.source);
	}
	assert_ptr_equal(a, b);
	searches_free(other);
}

static void a_fitted_structure_is_seldom_fitted_again(void **state)
{
	struct searches *t = *state;
	int tuned = 0, distinct = 0;

	searches_elite(t, 0, "\treturn 1.5;\n", 2);
	t->search.domain.tunes = true;
	draw(t, 400);
	for (const struct candidate *c = t->search.in_flight; c != NULL; c = c->next) {
		bool first = c->made.tune;

		for (const struct candidate *o = c->next; o != NULL && first; o = o->next)
			first = !o->made.tune || !text_equal(o->made.tunable, c->made.tunable);
		tuned += c->made.tune;
		distinct += first;
	}
	assert_true(distinct > 3);
	/* One in eight of the repeats passes. */
	assert_true(tuned - distinct < (400 - distinct) / 4);
	assert_true(tuned > distinct);
}

/* A campaign may name a function of a file without markers. */
static void a_named_function_evolves_without_markers(void **state)
{
	struct searches *t = *state;
	struct search *s = &t->search;
	const char *text = "static double g(double x)\n{\n\treturn x;\n}\nstatic double f(double x, double y)\n{\n\treturn x + 1.5 * y;\n}\n";

	free(s->seed_text);
	s->seed_text = text_copy(text);
	s->seed_bytes = strlen(text);
	t->campaign.function = text_copy("f");
	assert_int_equal(region_find(&s->region, text, strlen(text), "f", NULL), 0);
	proposer_domain(s);
	searches_elite(t, 0, text, 2);
	assert_true(draw(t, DRAWS) > 20);
	for (const struct candidate *c = s->in_flight; c != NULL; c = c->next)
		assert_int_equal(memcmp(c->made.source, text, s->region.start), 0);
}

static void the_domain_is_what_the_evaluator_declares(void **state)
{
	const struct mutator_domain *d = &((struct searches *)*state)->search.domain;

	assert_int_equal(d->kind, CLADE_KIND_NUMERIC);
	assert_int_equal(d->terminal_count, 2);
	assert_string_equal(d->terminals[1].text, "y");
	assert_false(d->tunes);
	assert_null(d->function);
	assert_int_equal(d->flags, MUTATOR_FLAGS_FIXED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_map_uses_the_number_up_and_makes_nothing),
		TEST(proposals_descend_from_elites_and_change_the_region_alone),
		TEST(proposal_k_follows_from_seed_and_map),
		TEST(a_fitted_structure_is_seldom_fitted_again),
		TEST(a_named_function_evolves_without_markers),
		TEST(the_domain_is_what_the_evaluator_declares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
