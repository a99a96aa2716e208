#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "orchestrator/placing.h"
#include "tests/support/searches.h"

static int set_up(void **state)
{
	*state = searches_new(false);
	return 0;
}

static int set_up_timed(void **state)
{
	*state = searches_new(true);
	return 0;
}

static int tear_down(void **state)
{
	searches_free(*state);
	return 0;
}

/* 0 placed (and the cell), else the verdict. */
static int place(int64_t *cell, int *clamped, char reason[256], struct searches *t, const char *lines, double digits)
{
	struct candidate *c = searches_candidate(t, 1, lines);
	enum verdict verdict = VERDICT_OK;
	int rc;

	c->metrics[0] = digits;
	rc = placing_cell(&verdict, reason, c, NULL);
	assert_true(rc == 0 || rc == 1);
	*cell = c->cell;
	*clamped = c->clamped;
	candidate_free(c);
	return rc == 0 ? 0 : (int)verdict;
}

static void the_grid_is_what_the_evaluator_declares(void **state)
{
	const struct grid *g = &((struct searches *)*state)->search.grid;

	assert_int_equal(g->axis_count, 2);
	assert_string_equal(g->axes[0].name, "operations");
	assert_true(g->axes[0].low == 0 && g->axes[0].high == 8);
	assert_int_equal(g->axes[0].bins, 8);
	assert_true(g->axes[0].refuse);
	assert_string_equal(g->axes[1].name, "digits");
	assert_false(g->axes[1].refuse);
	assert_int_equal(g->axes[1].scale, GRID_LINEAR);
}

static void every_scale_is_taken_over(void **state)
{
	struct manifest m = { .feature_count = 3 };
	struct grid g;

	(void)state;
	for (int i = 0; i < 3; i++)
		m.features[i] = (struct clade_feature){ .name = "a", .low = 1, .high = 2, .bins = 1, .scale = (enum clade_scale)i };
	placing_grid(&g, &m);
	assert_int_equal(g.axes[CLADE_LINEAR].scale, GRID_LINEAR);
	assert_int_equal(g.axes[CLADE_LOG2].scale, GRID_LOG2);
	assert_int_equal(g.axes[CLADE_LOG10].scale, GRID_LOG10);
}

static void a_cell_follows_from_operations_and_metric(void **state)
{
	char reason[256];
	int64_t cell;
	int clamped;

	assert_int_equal(place(&cell, &clamped, reason, *state, "\treturn x;\n", 4), 0);
	assert_int_equal(cell, 0);
	assert_int_equal(place(&cell, &clamped, reason, *state, "\treturn x;\n", 5), 0);
	assert_int_equal(cell, 1);
	assert_int_equal(place(&cell, &clamped, reason, *state, "\treturn x * y - 3;\n", 4), 0);
	assert_int_equal(cell, 4);
	assert_int_equal(clamped, 0);
}

static void a_metric_out_of_range_is_clamped_and_counted(void **state)
{
	char reason[256];
	int64_t cell;
	int clamped;

	assert_int_equal(place(&cell, &clamped, reason, *state, "\treturn x + y;\n", 11), 0);
	assert_int_equal(cell, 3);
	assert_int_equal(clamped, 1);
}

static void a_feature_out_of_a_range_that_refuses_is_forbidden(void **state)
{
	char reason[256] = "";
	int64_t cell;
	int clamped;

	assert_int_equal(place(&cell, &clamped, reason, *state, "\treturn x+x+x+x+x+x+x+x+x+x;\n", 4), VERDICT_FORBIDDEN);
	assert_int_equal(cell, -1);
	assert_non_null(strstr(reason, "operations"));
}

static void a_metric_that_is_no_number_is_wrong(void **state)
{
	char reason[256] = "";
	int64_t cell;
	int clamped;

	assert_int_equal(place(&cell, &clamped, reason, *state, "\treturn x;\n", NAN), VERDICT_WRONG);
	assert_int_equal(cell, -1);
	assert_non_null(strstr(reason, "digits"));
}

static double feature_from(struct searches *t, enum clade_feature_source source, const char *lines)
{
	struct candidate *c = searches_candidate(t, 1, lines);
	enum verdict verdict;
	char reason[256];
	double value;

	t->search.manifest->features[0].source = source;
	c->code_bytes = 333;
	c->metrics[0] = 1;
	c->class_count = 3;
	c->class_ratio[0] = 1.5;
	c->class_ratio[1] = NAN;
	c->class_ratio[2] = 1.75;
	placing_cell(&verdict, reason, c, NULL);
	value = c->features[0];
	candidate_free(c);
	return value;
}

static void features_come_from_text_code_and_classes(void **state)
{
	assert_true(feature_from(*state, CLADE_FROM_OPERATIONS, "\treturn x + x * x;\n") == 2);
	assert_true(feature_from(*state, CLADE_FROM_TERMINALS, "\treturn x + x * x;\n") == 3);
	assert_true(feature_from(*state, CLADE_FROM_TERMINAL_GROUPS, "\treturn x + x;\n") == 1);
	assert_true(feature_from(*state, CLADE_FROM_TERMINAL_GROUPS, "\treturn y - 1;\n") == 4);
	assert_true(feature_from(*state, CLADE_FROM_TERMINAL_GROUPS, "\treturn y - x;\n") == 5);
	assert_true(feature_from(*state, CLADE_FROM_TERMINAL_GROUPS, "\treturn 1;\n") == 0);
	assert_true(feature_from(*state, CLADE_FROM_CODE_BYTES, "\treturn 1;\n") == 333);
	assert_true(feature_from(*state, CLADE_FROM_BEST_CLASS, "\treturn 1;\n") == 2);
}

static void a_text_whose_frame_was_changed_is_an_error_of_ours_here(void **state)
{
	struct candidate *c = searches_candidate(*state, 1, "static int other;\n");
	enum verdict verdict;
	char reason[256];

	assert_int_equal(placing_cell(&verdict, reason, c, NULL), ERR_FORMAT);
	candidate_free(c);
}

/* ---- the rival of a timed candidate ---- */

static void fill(struct searches *t, int64_t cell, double speed)
{
	elites_put(t->search.elites, cell, 100 + cell, speed, 1, "", 0, NULL);
}

/* The rival's cell, -1: none. Code of so many bytes decides the first axis, timing alone the second. */
static int64_t rival_of(struct searches *t, int64_t code_bytes)
{
	struct candidate *c = searches_candidate(t, 1, "\treturn x;\n");
	const struct elite *rival = (const struct elite *)c;
	int64_t cell;

	c->code_bytes = code_bytes;
	placing_rival(&rival, c);
	cell = rival != NULL ? rival->cell : -1;
	assert_int_equal(c->cell, -1);
	assert_int_equal(c->clamped, 0);
	candidate_free(c);
	return cell;
}

static void there_is_no_rival_while_a_cell_within_reach_is_empty(void **state)
{
	assert_int_equal(rival_of(*state, 100), -1);
	fill(*state, 0, 1.5);
	assert_int_equal(rival_of(*state, 100), -1);
	fill(*state, 2, 1.5);
	fill(*state, 3, 1.5);
	assert_int_equal(rival_of(*state, 100), -1);
}

static void the_rival_is_the_easiest_elite_within_reach(void **state)
{
	fill(*state, 0, 1.5);
	fill(*state, 1, 1.25);
	fill(*state, 2, 1.125);
	assert_int_equal(rival_of(*state, 100), 1);
	assert_int_equal(rival_of(*state, 900), -1);
	fill(*state, 3, 1.0);
	assert_int_equal(rival_of(*state, 900), 3);
	assert_int_equal(rival_of(*state, 5000), 3);
}

static void what_will_be_refused_has_no_rival(void **state)
{
	struct searches *t = *state;

	for (int cell = 0; cell < 4; cell++)
		fill(t, cell, 1);
	t->search.grid.axes[0].refuse = true;
	assert_int_equal(rival_of(t, 5000), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TIMED(name) cmocka_unit_test_setup_teardown(name, set_up_timed, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_grid_is_what_the_evaluator_declares),
		cmocka_unit_test(every_scale_is_taken_over),
		TEST(a_cell_follows_from_operations_and_metric),
		TEST(a_metric_out_of_range_is_clamped_and_counted),
		TEST(a_feature_out_of_a_range_that_refuses_is_forbidden),
		TEST(a_metric_that_is_no_number_is_wrong),
		TEST(features_come_from_text_code_and_classes),
		TEST(a_text_whose_frame_was_changed_is_an_error_of_ours_here),
		TIMED(there_is_no_rival_while_a_cell_within_reach_is_empty),
		TIMED(the_rival_is_the_easiest_elite_within_reach),
		TIMED(what_will_be_refused_has_no_rival),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
