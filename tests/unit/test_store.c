#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "archive/archive.h"
#include "base/err.h"
#include "base/hash.h"
#include "tests/support/campaigns.h"
#include "tests/support/scratch.h"

static void a_program_comes_back_as_it_was_committed(void **state)
{
	struct archive *a = campaigns_create("c");
	struct archive_program p = { 0 };
	struct campaigns_sample s;
	int64_t seed = campaigns_commit_one(a, 0, 1, 3), id;

	(void)state;
	campaigns_fill(&s, 1, 0.1 + 0.2, 5);
	s.p.parents[0] = seed;
	s.p.parent_count = 1;
	s.p.depth = 1;
	s.p.holdout = "{\"digits\":4}";
	id = campaigns_commit(a, &s, true, NULL);
	assert_int_equal(archive_program(&p, a, id, true, NULL), 1);
	assert_int_equal(p.source_bytes, s.p.source_bytes);
	assert_string_equal(p.source, s.source);
	assert_true(hash_equal(&p.name, &s.p.name) && hash_equal(&p.token, &s.p.token));
	assert_true(p.has_object && hash_equal(&p.object, &s.p.object));
	assert_string_equal(p.flags, "[\"-O3\"]");
	assert_string_equal(p.mutator, "tree");
	assert_string_equal(p.operation, "literal");
	assert_string_equal(p.verdict, "ok");
	assert_null(p.reason);
	assert_string_equal(p.metrics, "{\"digits\":5}");
	assert_string_equal(p.holdout, "{\"digits\":4}");
	assert_true(p.fitness == 0.1 + 0.2 && p.fitness_low == p.fitness && p.features[1] == 20);
	assert_true(isnan(p.features[2]));
	assert_true(p.parent_count == 1 && p.parents[0] == seed && p.depth == 1 && p.proposal == 1);
	assert_true(p.cell == 5 && p.elite && p.pairs == 30 && p.code_bytes == 64 && p.cpu_ns == 90);
	archive_program_release(&p);
	assert_int_equal(archive_program(&p, a, id, false, NULL), 1);
	assert_null(p.source);
	archive_program_release(&p);
	assert_int_equal(archive_program(&p, a, 99, true, NULL), 0);
	archive_close(a);
}

static void the_map_tells_new_from_improved_and_counts(void **state)
{
	struct archive *a = campaigns_create("c");
	enum archive_add added = ARCHIVE_NOT_ADDED;
	struct archive_totals t;
	struct campaigns_sample s;

	(void)state;
	campaigns_fill(&s, 0, 4, 3);
	campaigns_commit(a, &s, true, &added);
	assert_int_equal(added, ARCHIVE_NEW);
	campaigns_fill(&s, 1, 6.5, 3);
	int64_t better = campaigns_commit(a, &s, true, &added);
	assert_int_equal(added, ARCHIVE_IMPROVED);
	campaigns_fill(&s, 2, 5, 3);
	int64_t worse = campaigns_commit(a, &s, false, &added);
	assert_int_equal(added, ARCHIVE_NOT_ADDED);
	campaigns_fill(&s, 3, 2, 159);
	campaigns_commit(a, &s, true, &added);
	assert_int_equal(added, ARCHIVE_NEW);
	campaigns_commit_failed(a, 4, "crash");
	t = campaigns_totals(a);
	assert_true(t.evaluations == 5 && t.programs == 5 && t.cells_filled == 2 && t.cells == 160);
	assert_true(t.best_id == better && t.best == 6.5 && t.seed_fitness == 4);
	assert_true(t.qd_score == 2.5);   /* 6.5 - 4, and nothing for what is worse than the seed */
	assert_true(t.elapsed_ns == 5000);
	assert_string_equal(t.state, "new");
	struct archive_program p = { 0 };
	archive_program(&p, a, worse, false, NULL);
	assert_false(p.elite);
	archive_program_release(&p);
	campaigns_verify(a);
	archive_close(a);
}

static void less_is_better_where_the_direction_says_so(void **state)
{
	struct archive_birth b = campaigns_birth();
	struct archive *a = NULL;
	struct archive_program *list = NULL;
	int count = 0;

	(void)state;
	b.maximise = false;
	assert_int_equal(archive_create(&a, "c", &b, NULL), 0);
	campaigns_commit_one(a, 0, 4, 3);
	int64_t best = campaigns_commit_one(a, 1, 1, 4);
	campaigns_commit_one(a, 2, 9, 5);
	assert_true(campaigns_totals(a).best_id == best && campaigns_totals(a).qd_score == 3);
	assert_int_equal(archive_list(&list, &count, a, &(struct archive_filter){ .by_fitness = true },
		NULL), 0);
	assert_true(count == 3 && list[0].id == best && list[2].fitness == 9);
	archive_programs_free(list, count);
	campaigns_verify(a);
	archive_close(a);
}

/* The verdict is looked at before the fitness: what is not ok has no score, and NaN is none. */
static void scores_without_a_right_to_one_are_refused_or_dropped(void **state)
{
	struct archive *a = campaigns_create("c");
	struct archive_program p = { 0 };
	struct campaigns_sample s;
	struct archive_result r = { .program = &s.p, .takes_cell = true };
	double bad[] = { NAN, INFINITY, -INFINITY };

	(void)state;
	for (int i = 0; i < 3; i++) {
		campaigns_fill(&s, 0, bad[i], 3);
		assert_int_equal(archive_commit(NULL, NULL, a, &r, NULL), ERR_FORMAT);
	}
	campaigns_fill(&s, 0, 1, 160);
	assert_int_equal(archive_commit(NULL, NULL, a, &r, NULL), ERR_ARGS);
	campaigns_fill(&s, 0, 1, -1);
	assert_int_equal(archive_commit(NULL, NULL, a, &r, NULL), ERR_ARGS);
	campaigns_fill(&s, 0, 1e9, 3);
	s.p.verdict = "cheat";
	assert_int_equal(archive_commit(NULL, NULL, a, &r, NULL), ERR_ARGS);
	assert_int_equal(campaigns_totals(a).programs, 0);
	assert_int_equal(archive_program(&p, a, campaigns_commit(a, &s, false, NULL), false, NULL), 1);
	assert_true(isnan(p.fitness) && p.cell == -1);
	archive_program_release(&p);
	assert_int_equal(campaigns_totals(a).best_id, 0);
	campaigns_verify(a);
	archive_close(a);
}

static void duplicates_are_counted_and_spared(void **state)
{
	struct archive *a = campaigns_create("c");
	int64_t first = campaigns_commit_one(a, 0, 1, 3), id = -1;
	struct campaigns_sample s;
	struct archive_result r = {
		.program = &s.p, .duplicate_level = "token", .duplicate_of = first, .spared_cpu_ns = 90,
	};
	struct archive_totals t;

	(void)state;
	campaigns_fill(&s, 1, NAN, -1);
	assert_int_equal(archive_commit(&id, NULL, a, &r, NULL), ERR_ARGS);
	s.p.verdict = "duplicate";
	assert_int_equal(archive_commit(&id, NULL, a, &r, NULL), 0);
	assert_int_equal(id, 0);
	s.p.proposal = 2;
	r.duplicate_level = "object";
	r.spared_cpu_ns = 40;
	assert_int_equal(archive_commit(&id, NULL, a, &r, NULL), 0);
	assert_true(id > first);
	t = campaigns_totals(a);
	assert_true(t.evaluations == 1 && t.programs == 2 && t.spared_cpu_ns == 130);
	assert_true(t.duplicates_token == 1 && t.duplicates_object == 1);
	r.duplicate_level = "behaviour";
	assert_int_equal(archive_commit(&id, NULL, a, &r, NULL), ERR_ARGS);
	campaigns_verify(a);
	archive_close(a);
}

static void new_scores_and_demotions_move_the_map(void **state)
{
	struct archive *a = campaigns_create("c");
	int64_t seed = campaigns_commit_one(a, 0, 4, 3);
	int64_t good = campaigns_commit_one(a, 1, 9, 4);
	int64_t other = campaigns_commit_one(a, 2, 6, 5);
	struct archive_change *changes = NULL;
	struct archive_program p = { 0 };
	int count = 0;

	(void)state;
	assert_true(campaigns_totals(a).qd_score == 7);
	assert_int_equal(archive_rescore(a, good, 5, 4.5, 5.5, "{\"x\":1}", 60, NULL), 0);
	assert_true(campaigns_totals(a).best_id == other && campaigns_totals(a).qd_score == 3);
	archive_program(&p, a, good, false, NULL);
	assert_true(p.fitness == 5 && p.fitness_low == 4.5 && p.pairs == 60);
	assert_string_equal(p.metrics, "{\"x\":1}");
	archive_program_release(&p);
	assert_int_equal(archive_rescore(a, seed, 5, 5, 5, NULL, 60, NULL), 0);
	assert_true(campaigns_totals(a).qd_score == 1 && campaigns_totals(a).seed_fitness == 5);
	assert_int_equal(archive_rescore(a, good, NAN, 0, 0, NULL, 1, NULL), ERR_FORMAT);
	assert_int_equal(archive_rescore(a, 77, 1, 1, 1, NULL, 1, NULL), ERR_MISSING);
	assert_int_equal(archive_demote(a, other, "wrong on other inputs", NULL), 0);
	assert_true(campaigns_totals(a).cells_filled == 2 && campaigns_totals(a).qd_score == 0);
	assert_int_equal(archive_demote(a, other, "again", NULL), ERR_MISSING);
	assert_int_equal(archive_history(&changes, &count, a, 5, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(changes[0].why, "new");
	assert_string_equal(changes[1].why, "wrong on other inputs");
	free(changes);
	assert_int_equal(archive_history(&changes, &count, a, -1, NULL), 0);
	assert_int_equal(count, 6);
	assert_true(changes[3].program == good && changes[3].fitness == 5);
	assert_string_equal(changes[3].why, "rescored");
	free(changes);
	assert_int_equal(archive_set_holdout(a, seed, "{}", NULL), 0);
	assert_int_equal(archive_set_holdout(a, 77, "{}", NULL), ERR_MISSING);
	archive_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_program_comes_back_as_it_was_committed, scratch_clear),
		cmocka_unit_test_setup(the_map_tells_new_from_improved_and_counts, scratch_clear),
		cmocka_unit_test_setup(less_is_better_where_the_direction_says_so, scratch_clear),
		cmocka_unit_test_setup(scores_without_a_right_to_one_are_refused_or_dropped, scratch_clear),
		cmocka_unit_test_setup(duplicates_are_counted_and_spared, scratch_clear),
		cmocka_unit_test_setup(new_scores_and_demotions_move_the_map, scratch_clear),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
