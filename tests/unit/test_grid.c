#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "archive/grid.h"
#include "base/err.h"
#include "base/random.h"

static const struct grid sample = {
	.axes = {
		{ .name = "operations", .low = 0, .high = 20, .bins = 20 },
		{ .name = "size", .unit = "B", .low = 16, .high = 4096, .bins = 8, .scale = GRID_LOG2 },
	},
	.axis_count = 2,
};

static int64_t cell_of(const struct grid *g, double a, double b)
{
	double features[] = { a, b };
	int64_t cell = -1;

	assert_int_equal(grid_cell(&cell, NULL, g, features, NULL), 1);
	return cell;
}

static void whole_numbers_fall_into_their_own_bins(void **state)
{
	struct grid g = {
		.axes = { { .name = "n", .low = 0, .high = 100, .bins = 100 } }, .axis_count = 1,
	};

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(cell_of(&g, i, 0), i);
	assert_int_equal(cell_of(&g, 100, 0), 99);
}

static void powers_of_two_start_bins_on_a_log_scale(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(cell_of(&sample, 0, 16 << i), i);
		assert_int_equal(cell_of(&sample, 0, nextafter(16 << (i + 1), 0)), i);
	}
	assert_int_equal(cell_of(&sample, 3.5, 40), 3 * 8 + 1);
	assert_int_equal(grid_cells(&sample), 160);
}

static void a_cell_and_its_ranges_agree_with_the_value(void **state)
{
	struct grid g = { .axis_count = 3, .axes = {
		{ .name = "a", .low = -0.3, .high = 0.9, .bins = 7 },
		{ .name = "b", .low = 0.001, .high = 5000, .bins = 23, .scale = GRID_LOG10 },
		{ .name = "c", .low = 3, .high = 777, .bins = 256, .scale = GRID_LOG2 },
	} };
	struct random r;

	(void)state;
	random_keyed(&r, 1, 0);
	for (int i = 0; i < 3000; i++) {
		double features[3], low, high;
		int bins[GRID_AXES_MAX];
		int64_t cell;

		for (int j = 0; j < 3; j++)
			features[j] = g.axes[j].low + random_unit(&r) * (g.axes[j].high - g.axes[j].low);
		assert_int_equal(grid_cell(&cell, NULL, &g, features, NULL), 1);
		assert_true(cell >= 0 && cell < grid_cells(&g));
		grid_bins(bins, &g, cell);
		for (int j = 0; j < 3; j++) {
			grid_bin_range(&low, &high, &g.axes[j], bins[j]);
			assert_true(low <= features[j] && features[j] < high);
		}
	}
}

static void a_border_belongs_to_the_bin_above_it(void **state)
{
	struct random r;

	(void)state;
	random_keyed(&r, 2, 0);
	for (int i = 0; i < 300; i++) {
		struct grid g = { .axis_count = 1, .axes = { { .name = "x", .bins = 2 + i % 100 } } };
		double low, high;

		g.axes[0].scale = (enum grid_scale)(i % 3);
		g.axes[0].low = 0.001 + random_unit(&r);
		g.axes[0].high = g.axes[0].low + 100 * random_unit(&r);
		for (int bin = 0; bin < g.axes[0].bins; bin++) {
			grid_bin_range(&low, &high, &g.axes[0], bin);
			assert_int_equal(cell_of(&g, low, 0), bin);
			if (bin > 0)
				assert_int_equal(cell_of(&g, nextafter(low, 0), 0), bin - 1);
		}
	}
}

static void values_outside_are_clamped_and_counted_or_refused(void **state)
{
	struct grid g = sample;
	double outside[] = { -5, 1e9 }, infinite[] = { INFINITY, 0 };
	int64_t cell = -1;
	struct err e = { 0 };
	int clamped = 0;

	(void)state;
	assert_int_equal(grid_cell(&cell, &clamped, &g, outside, NULL), 1);
	assert_int_equal(clamped, 2);
	assert_int_equal(cell, 7);
	assert_int_equal(grid_cell(&cell, &clamped, &g, infinite, NULL), 1);
	assert_int_equal(cell, 19 * 8);
	g.axes[1].refuse = true;
	cell = -1;
	assert_int_equal(grid_cell(&cell, &clamped, &g, outside, &e), 0);
	assert_int_equal(cell, -1);
	assert_non_null(strstr(e.text, "size"));
}

static void nan_is_an_error_that_names_the_axis(void **state)
{
	double features[] = { 1, NAN };
	int64_t cell = -1;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(grid_cell(&cell, NULL, &sample, features, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "size"));
	assert_int_equal(cell, -1);
}

static void impossible_grids_are_refused(void **state)
{
	struct grid g = sample;

	(void)state;
	assert_int_equal(grid_check(&g, NULL), 0);
	g.axes[0].low = 20;
	assert_int_equal(grid_check(&g, NULL), ERR_ARGS);
	g = sample;
	g.axes[0].high = NAN;
	assert_int_equal(grid_check(&g, NULL), ERR_ARGS);
	g = sample;
	g.axes[1].low = 0;
	assert_int_equal(grid_check(&g, NULL), ERR_ARGS);
	g = sample;
	g.axes[1].bins = GRID_BINS_MAX + 1;
	assert_int_equal(grid_check(&g, NULL), ERR_ARGS);
	g = sample;
	g.axes[1] = g.axes[0];
	assert_int_equal(grid_check(&g, NULL), ERR_ARGS);
	g = sample;
	g.axis_count = 0;
	assert_int_equal(grid_check(&g, NULL), ERR_ARGS);
	g.axis_count = GRID_AXES_MAX + 1;
	assert_int_equal(grid_check(&g, NULL), ERR_ARGS);
}

static void a_cell_reads_well(void **state)
{
	char text[128];

	(void)state;
	grid_cell_text(text, &sample, 10 * 8 + 3);
	assert_string_equal(text, "operations 10, size 128..256 B");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_fall_into_their_own_bins),
		cmocka_unit_test(powers_of_two_start_bins_on_a_log_scale),
		cmocka_unit_test(a_cell_and_its_ranges_agree_with_the_value),
		cmocka_unit_test(a_border_belongs_to_the_bin_above_it),
		cmocka_unit_test(values_outside_are_clamped_and_counted_or_refused),
		cmocka_unit_test(nan_is_an_error_that_names_the_axis),
		cmocka_unit_test(impossible_grids_are_refused),
		cmocka_unit_test(a_cell_reads_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
