#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "evaluators/duel.h"

/* Wins needed of n pairs: the table of measuring note 2.4. */
struct wins {
	double alpha;
	int wins, pairs;
};
static const struct wins table[] = {
	{ .01, 9, 9 },
	{ .01, 12, 12 },
	{ .01, 13, 14 },
	{ .01, 18, 20 },
	{ .01, 24, 30 },
	{ .01, 31, 40 },
	{ .01, 44, 60 },
	{ .01, 56, 80 },
	{ .01, 80, 120 },
	{ .05, 7, 7 },
	{ .05, 12, 14 },
	{ .05, 16, 20 },
	{ .05, 29, 40 },
	{ .05, 54, 80 },
};

static void evalues_ask_for_the_wins_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		double bar = -log(table[i].alpha);

		assert_true(duel_log_evalue(table[i].wins, table[i].pairs) >= bar);
		assert_true(duel_log_evalue(table[i].wins - 1, table[i].pairs) < bar);
	}
}

static void an_evalue_is_the_formula_of_the_note(void **state)
{
	(void)state;
	/* n = 2: E(2,2) = 8 B(3,1) P[Bin(3,1/2) <= 2] = 8 (1/3) (7/8) = 7/3; E(1,2) = 8 B(2,2) P[<=
	 * 1] = 8 (1/6) (1/2) = 2/3. */
	assert_true(fabs(exp(duel_log_evalue(2, 2)) - 7.0 / 3) < 1e-12);
	assert_true(fabs(exp(duel_log_evalue(1, 2)) - 2.0 / 3) < 1e-12);
	assert_true(isfinite(duel_log_evalue(0, 5000)) && isfinite(duel_log_evalue(5000, 5000)));
}

static const struct duel_rule strict = { .alpha = 0.01, .delta_min = 0.02, .pairs_max = 60 };

static enum duel_state feed(const struct duel_rule *rule, double v, int *pairs)
{
	struct duel_race race = { 0 };
	enum duel_state s;

	while ((s = duel_race_add(&race, rule, v)) == DUEL_OPEN)
		;
	*pairs = race.pairs;
	return s;
}

static void a_clear_winner_and_a_clear_loser_end_early(void **state)
{
	int pairs;

	(void)state;
	assert_int_equal(feed(&strict, 0.1, &pairs), DUEL_FASTER);
	assert_int_equal(pairs, 9);
	assert_int_equal(feed(&strict, -0.1, &pairs), DUEL_NOT_FASTER);
	assert_int_equal(pairs, 9);
	assert_int_equal(feed(&duel_race_rule, -0.1, &pairs), DUEL_NOT_FASTER);
	assert_int_equal(pairs, 7);
}

static void an_even_race_is_undecided_at_the_cap(void **state)
{
	struct duel_race race = { 0 };
	enum duel_state s = DUEL_OPEN;

	(void)state;
	for (int i = 0; s == DUEL_OPEN; i++)
		s = duel_race_add(&race, &strict, i % 2 ? 0.05 : -0.05);
	assert_int_equal(s, DUEL_UNDECIDED);
	assert_int_equal(race.pairs, strict.pairs_max);
}

/* Ville: under the null hypothesis at most alpha of all races ever reach 1/alpha. 2,000 races,
 * alpha 5 %: 130 is 3 sigma above 100. */
static void a_fair_coin_is_called_faster_in_at_most_alpha_of_races(void **state)
{
	struct duel_rule rule = { .alpha = 0.05, .delta_min = -INFINITY, .pairs_max = 60 };
	struct random r;
	int faster = 0;

	(void)state;
	random_keyed(&r, 1, 1);
	for (int i = 0; i < 2000; i++) {
		struct duel_race race = { 0 };
		enum duel_state s;

		while ((s = duel_race_add(&race, &rule, random_below(&r, 2) ? 1 : -1)) == DUEL_OPEN)
			;
		faster += s == DUEL_FASTER;
	}
	assert_in_range(faster, 1, 130);
}

static void the_median_has_the_order_statistics_interval(void **state)
{
	static const double ten[] = { 10, 9, 8, 7, 6, 5, 4, 3, 2, 1 };
	struct duel_interval m = duel_median(ten, 10, 0.05);

	(void)state;
	/* n = 10: ranks 2 and 9 cover with 97.9 %, ranks 3 and 8 with 89.1 %. */
	assert_true(m.estimate == 5.5 && m.low == 2 && m.high == 9);
	m = duel_median(ten, 5, 0.05);
	assert_true(m.estimate == 8 && m.low == -INFINITY && m.high == INFINITY);
	m = duel_median(ten, 6, 0.05);
	assert_true(m.low == 5 && m.high == 10);
}

static void layouts_have_students_interval(void **state)
{
	static const double six[] = { 0.01, 0.02, 0.03, 0.04, 0.05, 0.06 };
	struct duel_interval t = duel_layouts(six, 6);
	double half = 2.571 * sqrt(0.00035 / 6); /* variance of 1..6 is 3.5 */

	(void)state;
	assert_true(fabs(t.estimate - 0.035) < 1e-12);
	assert_true(fabs(t.low - (0.035 - half)) < 1e-9 && fabs(t.high - (0.035 + half)) < 1e-9);
	t = duel_layouts(six, 1);
	assert_true(t.low == -INFINITY && t.high == INFINITY);
}

static void a_replacement_needs_both_a_sure_and_a_large_gain(void **state)
{
	(void)state;
	assert_true(duel_replaces((struct duel_interval){ 0.03, 0.01, 0.05 }, 0.02));
	assert_false(duel_replaces((struct duel_interval){ 0.03, -0.001, 0.06 }, 0.02));
	assert_false(duel_replaces((struct duel_interval){ 0.009, 0.001, 0.02 }, 0.02));
	assert_false(duel_replaces((struct duel_interval){ 1, -INFINITY, INFINITY }, 0.02));
	assert_false(duel_replaces((struct duel_interval){ NAN, NAN, NAN }, 0.02));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evalues_ask_for_the_wins_of_the_table),
		cmocka_unit_test(an_evalue_is_the_formula_of_the_note),
		cmocka_unit_test(a_clear_winner_and_a_clear_loser_end_early),
		cmocka_unit_test(an_even_race_is_undecided_at_the_cap),
		cmocka_unit_test(a_fair_coin_is_called_faster_in_at_most_alpha_of_races),
		cmocka_unit_test(the_median_has_the_order_statistics_interval),
		cmocka_unit_test(layouts_have_students_interval),
		cmocka_unit_test(a_replacement_needs_both_a_sure_and_a_large_gain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
