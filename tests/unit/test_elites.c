#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "orchestrator/elites.h"
#include "tests/support/searches.h"

static void put(struct elites *e, int64_t cell, int64_t id, double fitness)
{
	elites_put(e, cell, id, fitness, 3, "int x;", 6, "[\"-O2\"]");
}

static void an_empty_map_finds_nothing(void **state)
{
	struct elites *e = elites_new();

	(void)state;
	assert_int_equal(elites_count(e), 0);
	assert_null(elites_find(e, 0));
	assert_null(elites_at(e, 0));
	assert_null(elites_at(e, -1));
	elites_remove(e, 0);
	elites_free(e);
	elites_free(NULL);
}

static void elites_stand_by_cell_whatever_order_they_came_in(void **state)
{
	struct elites *e = elites_new();

	(void)state;
	for (int i = 0; i < 211; i++)
		put(e, i * 37 % 211, 1000 + i * 37 % 211, i * 37 % 211 / 2.0);
	assert_int_equal(elites_count(e), 211);
	for (int i = 0; i < 211; i++) {
		assert_int_equal(elites_at(e, i)->cell, i);
		assert_int_equal(elites_at(e, i)->id, 1000 + i);
		assert_true(elites_fitness(e)[i] == i / 2.0);
		assert_ptr_equal(elites_find(e, i), elites_at(e, i));
	}
	assert_null(elites_find(e, 211));
	elites_free(e);
}

static void a_new_elite_replaces_the_old_one_of_its_cell(void **state)
{
	struct elites *e = elites_new();
	const struct elite *el;

	(void)state;
	put(e, 4, 1, 1);
	put(e, 7, 2, 2);
	elites_put(e, 4, 3, 5, 9, "float y", 5, NULL);
	assert_int_equal(elites_count(e), 2);
	el = elites_find(e, 4);
	assert_int_equal(el->id, 3);
	assert_int_equal(el->depth, 9);
	assert_string_equal(el->source, "float");
	assert_int_equal(el->source_bytes, 5);
	assert_string_equal(el->flags, "[]");
	assert_true(elites_fitness(e)[0] == 5 && elites_fitness(e)[1] == 2);
	elites_free(e);
}

static void an_elite_may_be_put_again_from_its_own_texts(void **state)
{
	struct elites *e = elites_new();
	const struct elite *el;

	(void)state;
	put(e, 4, 1, 1);
	el = elites_find(e, 4);
	elites_put(e, 4, 1, 2, el->depth, el->source, el->source_bytes, el->flags);
	assert_string_equal(elites_find(e, 4)->source, "int x;");
	assert_string_equal(elites_find(e, 4)->flags, "[\"-O2\"]");
	elites_free(e);
}

static void a_removed_elite_leaves_its_cell_empty_and_the_others_in_step(void **state)
{
	struct elites *e = elites_new();

	(void)state;
	for (int i = 0; i < 5; i++)
		put(e, i, i, i);
	elites_remove(e, 2);
	elites_remove(e, 2);
	elites_remove(e, 9);
	assert_int_equal(elites_count(e), 4);
	assert_null(elites_find(e, 2));
	assert_int_equal(elites_at(e, 2)->cell, 3);
	assert_true(elites_fitness(e)[2] == 3 && elites_fitness(e)[3] == 4);
	elites_free(e);
}

static void the_map_in_memory_is_the_map_in_the_file(void **state)
{
	struct searches *t = searches_new(false);
	struct elites *loaded = elites_new();

	(void)state;
	searches_elite(t, 0, "\treturn x + y;\n", 4);
	searches_elite(t, 1, "\treturn x + y * x;\n", 3);
	searches_elite(t, 2, "\treturn x - y;\n", 4.5);
	assert_int_equal(elites_load(loaded, t->search.archive, NULL), 0);
	assert_int_equal(elites_count(loaded), 2);
	for (int i = 0; i < 2; i++) {
		const struct elite *a = elites_at(loaded, i), *b = elites_at(t->search.elites, i);

		assert_int_equal(a->cell, b->cell);
		assert_int_equal(a->id, b->id);
		assert_true(a->fitness == b->fitness);
		assert_string_equal(a->source, b->source);
		assert_string_equal(a->flags, b->flags);
	}
	elites_free(loaded);
	searches_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_finds_nothing),
		cmocka_unit_test(elites_stand_by_cell_whatever_order_they_came_in),
		cmocka_unit_test(a_new_elite_replaces_the_old_one_of_its_cell),
		cmocka_unit_test(an_elite_may_be_put_again_from_its_own_texts),
		cmocka_unit_test(a_removed_elite_leaves_its_cell_empty_and_the_others_in_step),
		cmocka_unit_test(the_map_in_memory_is_the_map_in_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
