#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "orchestrator/campaign.h"
#include "orchestrator/select.h"

#define DRAWS 6000

static void count(int times[3], const struct select_rule *rule, int maximise)
{
	static const double fitness[] = { 2, 9, 4 };
	struct select_view view = { .fitness = fitness, .count = 3, .maximise = maximise };
	struct random r;

	random_keyed(&r, 1, 1);
	times[0] = times[1] = times[2] = 0;
	for (int i = 0; i < DRAWS; i++)
		times[rule->pick(&view, &r)]++;
}

static void rules_stand_as_the_option_counts_them(void **state)
{
	(void)state;
	assert_string_equal(select_rules[CAMPAIGN_PARENTS_UNIFORM].name, "uniform");
	assert_string_equal(select_rules[CAMPAIGN_PARENTS_RANK].name, "rank");
	assert_null(select_rules[CAMPAIGN_PARENTS_RANK + 1].name);
}

static void an_empty_map_has_no_parents(void **state)
{
	struct select_view view = { .fitness = NULL, .count = 0 };
	struct random r;

	(void)state;
	random_keyed(&r, 1, 1);
	for (int i = 0; select_rules[i].name != NULL; i++)
		assert_int_equal(select_rules[i].pick(&view, &r), -1);
}

static void uniform_takes_every_elite_alike(void **state)
{
	int times[3];

	(void)state;
	count(times, &select_rules[CAMPAIGN_PARENTS_UNIFORM], 1);
	for (int i = 0; i < 3; i++)
		assert_in_range(times[i], DRAWS / 3 - 200, DRAWS / 3 + 200);
}

/* The best of three draws out of three: the best with 1 - (2/3)^3 = 19/27, the worst with 1/27. */
static void rank_prefers_the_better_in_the_fitness_own_direction(void **state)
{
	int times[3];

	(void)state;
	count(times, &select_rules[CAMPAIGN_PARENTS_RANK], 1);
	assert_in_range(times[1], DRAWS * 19 / 27 - 200, DRAWS * 19 / 27 + 200);
	assert_in_range(times[0], DRAWS / 27 - 100, DRAWS / 27 + 100);
	count(times, &select_rules[CAMPAIGN_PARENTS_RANK], 0);
	assert_in_range(times[0], DRAWS * 19 / 27 - 200, DRAWS * 19 / 27 + 200);
	assert_in_range(times[1], DRAWS / 27 - 100, DRAWS / 27 + 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_stand_as_the_option_counts_them),
		cmocka_unit_test(an_empty_map_has_no_parents),
		cmocka_unit_test(uniform_takes_every_elite_alike),
		cmocka_unit_test(rank_prefers_the_better_in_the_fitness_own_direction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
