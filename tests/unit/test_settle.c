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
#include "orchestrator/settle.h"
#include "tests/support/searches.h"

#define ADD "\treturn x + y;\n"
#define SUBTRACT "\treturn x - y;\n"
#define TWO_STEPS "\treturn x - y * y;\n"

static int set_up(void **state)
{
	*state = searches_new(false);
	return 0;
}

static int tear_down(void **state)
{
	struct searches *t = *state;
	struct err e = { 0 };

	if (archive_verify(t->search.archive, &e) < 0)
		fail_msg("%s", e.text);
	searches_free(t);
	return 0;
}

static struct archive_totals totals(struct searches *t)
{
	struct archive_totals a;

	assert_int_equal(archive_totals(&a, t->search.archive, NULL), 0);
	return a;
}

static void a_seed_is_the_first_best(void **state)
{
	struct searches *t = *state;
	struct search *s = &t->search;
	int64_t id = searches_elite(t, 0, ADD, 3);
	struct archive_program p = { 0 };

	assert_int_equal(s->seed_id, id);
	assert_true(s->seed_fitness == 3 && s->best == 3);
	assert_int_equal(s->best_id, id);
	assert_int_equal(s->evaluations, 1);
	assert_int_equal(s->verdicts[VERDICT_OK], 1);
	assert_int_equal(totals(t).evaluations, 1);
	assert_int_equal(archive_program(&p, s->archive, id, true, NULL), 1);
	assert_string_equal(p.source, SEARCHES_SEED);
	assert_string_equal(p.verdict, "ok");
	assert_string_equal(p.mutator, "hand");
	assert_non_null(strstr(p.metrics, "\"cost\":100"));
	assert_true(p.fitness_low == 3 && p.fitness_high == 3);
	assert_true(p.features[0] == 1 && p.features[1] == 3);
	assert_true(isnan(p.features[2]));
	assert_true(p.elite);
	archive_program_release(&p);
}

static void a_name_depends_on_text_and_genes_alone(void **state)
{
	struct searches *t = *state, *other = searches_new(false);
	struct archive_program a = { 0 }, b = { 0 };
	int64_t id = searches_elite(t, 0, ADD, 3), twin = searches_elite(other, 0, ADD, 4);

	assert_int_equal(archive_program(&a, t->search.archive, id, false, NULL), 1);
	assert_int_equal(archive_program(&b, other->search.archive, twin, false, NULL), 1);
	assert_true(hash_equal(&a.name, &b.name));
	archive_program_release(&a);
	archive_program_release(&b);
	searches_free(other);
}

static void the_best_moves_only_to_what_is_strictly_better(void **state)
{
	struct searches *t = *state;
	struct search *s = &t->search;
	int64_t seed = searches_elite(t, 0, ADD, 3), better;
	char hex[HASH_HEX];

	searches_elite(t, 1, TWO_STEPS, 3);
	assert_int_equal(s->best_id, seed);
	snprintf(hex, sizeof hex, "%s", s->best_name);
	better = searches_elite(t, 2, "\treturn x * x * x * y;\n", 3.5);
	assert_int_equal(s->best_id, better);
	assert_true(s->best == 3.5 && s->best_low == 3.5 && s->best_high == 3.5);
	assert_string_not_equal(s->best_name, hex);
	assert_int_equal(totals(t).best_id, better);
	assert_int_equal(totals(t).cells_filled, 3);
}

static void a_verdict_that_is_not_ok_has_no_score_and_no_cell(void **state)
{
	struct searches *t = *state;
	struct candidate *c;
	struct archive_program *list;
	int count;

	searches_elite(t, 0, ADD, 3);
	c = searches_candidate(t, 1, SUBTRACT);
	searches_score(c, 9);
	candidate_cost(c, "compile", 10, 10);
	candidate_cost(c, "small_check", 20, 20);
	assert_int_equal(settle_verdict(c, VERDICT_CRASH, "signal 11", false, NULL), 0);
	candidate_free(c);
	assert_int_equal(t->search.verdicts[VERDICT_CRASH], 1);
	assert_int_equal(t->search.evaluations, 2);
	assert_true(t->search.best == 3);
	assert_int_equal(elites_count(t->search.elites), 1);
	assert_int_equal(archive_list(&list, &count, t->search.archive, &(struct archive_filter){ .verdict = "crash" }, NULL), 0);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].reason, "signal 11");
	assert_true(isnan(list[0].fitness));
	assert_int_equal(list[0].cell, -1);
	archive_programs_free(list, count);
}

static void the_stage_that_rejected_is_counted(void **state)
{
	struct searches *t = *state;
	struct archive_count *rows;
	struct candidate *c;
	int count, rejected = 0;

	searches_elite(t, 0, ADD, 3);
	c = searches_candidate(t, 1, SUBTRACT);
	searches_score(c, 9);
	candidate_cost(c, "compile", 10, 10);
	candidate_cost(c, "small_check", 20, 5);
	candidate_cost(c, "small_check", 30, 6);
	assert_int_equal(c->cost_count, 2);
	assert_int_equal(c->wall_ns, 60);
	assert_int_equal(c->cpu_ns, 21);
	assert_int_equal(settle_verdict(c, VERDICT_WRONG, NULL, false, NULL), 0);
	candidate_free(c);
	assert_int_equal(archive_stages(&rows, &count, t->search.archive, NULL), 0);
	for (int i = 0; i < count; i++) {
		if (text_equal(rows[i].name, "small_check")) {
			assert_int_equal(rows[i].wall_ns, 50);
			assert_int_equal(rows[i].cpu_ns, 11);
			rejected += (int)rows[i].rejected;
		} else {
			assert_int_equal(rows[i].rejected, 0);
		}
	}
	assert_int_equal(rejected, 1);
	free(rows);
}

static void a_settled_candidate_leaves_the_queue(void **state)
{
	struct searches *t = *state;
	struct candidate *c;

	searches_elite(t, 0, ADD, 3);
	c = searches_candidate(t, 1, SUBTRACT);
	assert_int_equal(archive_queue_add(&c->queue_id, t->search.archive, 1, "{}", NULL), 0);
	assert_int_equal(totals(t).queued, 1);
	searches_score(c, 9);
	assert_int_equal(settle_verdict(c, VERDICT_WRONG, NULL, false, NULL), 0);
	assert_int_equal(totals(t).queued, 0);
	/* Settled twice, it changes nothing. */
	assert_true(settle_verdict(c, VERDICT_WRONG, NULL, false, NULL) < 0);
	assert_int_equal(t->search.evaluations, 2);
	candidate_free(c);
}

static void a_duplicate_counts_with_the_cpu_that_it_spared(void **state)
{
	struct searches *t = *state;
	int64_t id = searches_elite(t, 0, ADD, 3);      /* cost 1000 ns of CPU */
	struct candidate *c = searches_candidate(t, 1, ADD);

	candidate_cost(c, "token", 50, 40);
	assert_int_equal(settle_duplicate(c, "token", id, NULL), 0);
	candidate_free(c);
	assert_int_equal(totals(t).duplicates_token, 1);
	assert_int_equal(totals(t).spared_cpu_ns, 960);
	assert_int_equal(totals(t).evaluations, 1);
	assert_int_equal(totals(t).programs, 1);
	assert_int_equal(t->search.duplicates, 1);
	assert_int_equal(t->search.evaluations, 1);
	assert_int_equal(t->search.verdicts[VERDICT_DUPLICATE], 1);
}

static void a_duplicate_that_cost_more_than_its_twin_spares_nothing(void **state)
{
	struct searches *t = *state;
	int64_t id = searches_elite(t, 0, ADD, 3);
	struct candidate *c = searches_candidate(t, 1, SUBTRACT);

	searches_score(c, 3);
	candidate_cost(c, "compile", 5000, 5000);
	assert_int_equal(settle_duplicate(c, "object", id, NULL), 0);
	candidate_free(c);
	c = searches_candidate(t, 2, TWO_STEPS);
	assert_int_equal(settle_duplicate(c, "token", 0, NULL), 0);
	candidate_free(c);
	assert_int_equal(totals(t).duplicates_object, 1);
	assert_int_equal(totals(t).duplicates_token, 1);
	assert_int_equal(totals(t).spared_cpu_ns, 0);
	assert_int_equal(elites_count(t->search.elites), 1);
}

static struct candidate *retest_of(struct searches *t, int64_t id, const char *lines, double fitness)
{
	struct candidate *c = searches_candidate(t, 1, lines);
	const struct elite *el = elites_at(t->search.elites, 0);

	for (int i = 0; i < elites_count(t->search.elites); i++)
		if (elites_at(t->search.elites, i)->id == id)
			el = elites_at(t->search.elites, i);
	c->kind = CANDIDATE_RETEST;
	c->retest_id = id;
	c->cell = el->cell;
	c->metrics[0] = c->low = c->high = fitness;
	return c;
}

static void an_elite_that_is_measured_again_has_its_new_score_everywhere(void **state)
{
	struct searches *t = *state;
	struct search *s = &t->search;
	int64_t seed = searches_elite(t, 0, ADD, 3), best = searches_elite(t, 1, TWO_STEPS, 4);
	struct candidate *c = retest_of(t, best, TWO_STEPS, 2);

	assert_int_equal(s->best_id, best);
	assert_int_equal(settle_retest(c, VERDICT_OK, NULL, NULL), 0);
	assert_true(elites_find(s->elites, c->cell)->fitness == 2);
	assert_int_equal(elites_find(s->elites, c->cell)->id, best);
	candidate_free(c);
	/* The seed is the best now, in memory as in the file. */
	assert_int_equal(totals(t).best_id, seed);
	assert_int_equal(s->best_id, seed);
	assert_true(s->best == 3);
	assert_int_equal(s->evaluations, 2);
	c = retest_of(t, seed, ADD, 1);
	assert_int_equal(settle_retest(c, VERDICT_OK, NULL, NULL), 0);
	candidate_free(c);
	assert_true(s->seed_fitness == 1);
	assert_int_equal(s->best_id, best);
	assert_true(s->best == 2);
}

static void an_elite_that_fails_again_leaves_its_cell(void **state)
{
	struct searches *t = *state;
	struct search *s = &t->search;
	struct archive_change *list;
	int64_t seed = searches_elite(t, 0, ADD, 3), best = searches_elite(t, 1, TWO_STEPS, 4);
	struct candidate *c = retest_of(t, best, TWO_STEPS, NAN);
	int count;

	assert_int_equal(settle_retest(c, VERDICT_CRASH, "signal 4", NULL), 0);
	assert_null(elites_find(s->elites, c->cell));
	assert_int_equal(archive_history(&list, &count, s->archive, c->cell, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[1].why, "crash here: signal 4");
	free(list);
	candidate_free(c);
	assert_int_equal(s->best_id, seed);
	c = retest_of(t, seed, ADD, NAN);
	assert_int_equal(settle_retest(c, VERDICT_WRONG, NULL, NULL), 0);
	candidate_free(c);
	assert_int_equal(elites_count(s->elites), 0);
	assert_int_equal(s->best_id, 0);
	assert_true(isnan(s->best));
	assert_string_equal(s->best_name, "");
}

static void a_failing_archive_changes_nothing_in_memory(void **state)
{
	struct searches *t = *state;
	struct candidate *c;
	struct err e = { 0 };

	searches_elite(t, 0, ADD, 3);
	c = searches_candidate(t, 1, TWO_STEPS);
	searches_score(c, 5);
	c->queue_id = 4711;
	assert_int_equal(settle_verdict(c, VERDICT_OK, NULL, true, &e), ERR_MISSING);
	assert_int_equal(e.code, ERR_MISSING);
	assert_int_equal(settle_duplicate(c, "token", 1, NULL), ERR_MISSING);
	assert_int_equal(elites_count(t->search.elites), 1);
	assert_int_equal(t->search.evaluations, 1);
	assert_int_equal(t->search.duplicates, 0);
	assert_true(t->search.best == 3);
	candidate_free(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_seed_is_the_first_best),
		TEST(a_name_depends_on_text_and_genes_alone),
		TEST(the_best_moves_only_to_what_is_strictly_better),
		TEST(a_verdict_that_is_not_ok_has_no_score_and_no_cell),
		TEST(the_stage_that_rejected_is_counted),
		TEST(a_settled_candidate_leaves_the_queue),
		TEST(a_duplicate_counts_with_the_cpu_that_it_spared),
		TEST(a_duplicate_that_cost_more_than_its_twin_spares_nothing),
		TEST(an_elite_that_is_measured_again_has_its_new_score_everywhere),
		TEST(an_elite_that_fails_again_leaves_its_cell),
		TEST(a_failing_archive_changes_nothing_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
