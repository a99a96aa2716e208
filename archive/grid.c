#include "archive/grid.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

/* Where the value stands on the axis' scale; the bins are equal there. */
static double on_scale(const struct grid_axis *axis, double value)
{
	switch (axis->scale) {
	case GRID_LOG2:
		return log2(value);
	case GRID_LOG10:
		return log10(value);
	default:
		return value;
	}
}

static double off_scale(const struct grid_axis *axis, double place)
{
	switch (axis->scale) {
	case GRID_LOG2:
		return exp2(place);
	case GRID_LOG10:
		return pow(10, place);
	default:
		return place;
	}
}

static int check_axis(const struct grid_axis *axis, struct err *e)
{
	if (!memchr(axis->name, 0, sizeof(axis->name)) || !axis->name[0])
		return err_set(e, ERR_ARGS, "an axis needs a name of 1 to %zu bytes",
			sizeof(axis->name) - 1);
	if (!memchr(axis->unit, 0, sizeof(axis->unit)))
		return err_set(e, ERR_ARGS, "axis %s: the unit is too long", axis->name);
	if (axis->scale != GRID_LINEAR && axis->scale != GRID_LOG2 && axis->scale != GRID_LOG10)
		return err_set(e, ERR_ARGS, "axis %s: unknown scale", axis->name);
	if (!isfinite(axis->low) || !isfinite(axis->high) || !(axis->low < axis->high))
		return err_set(e, ERR_ARGS, "axis %s: low must be below high", axis->name);
	if (axis->scale != GRID_LINEAR && axis->low <= 0)
		return err_set(e, ERR_ARGS, "axis %s: low must be positive on a logarithmic scale",
			axis->name);
	if (axis->bins < 1 || axis->bins > GRID_BINS_MAX)
		return err_set(e, ERR_ARGS, "axis %s: %d bins, but 1 to %d are possible",
			axis->name, axis->bins, GRID_BINS_MAX);
	return 0;
}

int grid_check(const struct grid *g, struct err *e)
{
	if (g->axis_count < 1 || g->axis_count > GRID_AXES_MAX)
		return err_set(e, ERR_ARGS, "%d axes, but 1 to %d are possible", g->axis_count,
			GRID_AXES_MAX);
	for (int i = 0; i < g->axis_count; i++) {
		int rc = check_axis(&g->axes[i], e);

		if (rc < 0)
			return rc;
		for (int j = 0; j < i; j++) {
			if (strcmp(g->axes[i].name, g->axes[j].name) == 0)
				return err_set(e, ERR_ARGS, "axis %s stands twice", g->axes[i].name);
		}
	}
	return 0;
}

int64_t grid_cells(const struct grid *g)
{
	int64_t cells = 1;

	for (int i = 0; i < g->axis_count; i++)
		cells *= g->axes[i].bins;
	return cells;
}

/*
 * Where a bin starts. Multiplied before it is divided, so that whole numbers on an axis of whole
 * numbers come out whole; the ends of the axis are given back as they were written, not through
 * exp(log()).
 */
static double border(const struct grid_axis *axis, int bin)
{
	double from = on_scale(axis, axis->low);
	double to = on_scale(axis, axis->high);

	if (bin <= 0)
		return axis->low;
	if (bin >= axis->bins)
		return axis->high;
	return off_scale(axis, from + (to - from) * bin / axis->bins);
}

/*
 * The bin of a value within the range; the upper end belongs to the last one. The borders decide,
 * not the rounding.
 */
static int bin_of(const struct grid_axis *axis, double value)
{
	double from = on_scale(axis, axis->low);
	double to = on_scale(axis, axis->high);
	int bin = (int)((on_scale(axis, value) - from) * axis->bins / (to - from));

	bin = bin < 0 ? 0 : bin >= axis->bins ? axis->bins - 1 : bin;
	while (bin > 0 && value < border(axis, bin))
		bin--;
	while (bin < axis->bins - 1 && value >= border(axis, bin + 1))
		bin++;
	return bin;
}

int grid_cell(int64_t *cell, int *clamped, const struct grid *g, const double *features,
	struct err *e)
{
	int64_t at = 0;
	int pulled = 0;

	for (int i = 0; i < g->axis_count; i++) {
		const struct grid_axis *axis = &g->axes[i];
		double value = features[i];

		if (isnan(value))
			return err_set(e, ERR_FORMAT, "feature %s is not a number", axis->name);
		if (value < axis->low || value > axis->high) {
			if (axis->refuse) {
				err_set(e, ERR_ARGS, "feature %s is %g, outside %g to %g", axis->name,
					value, axis->low, axis->high);
				return 0;
			}
			value = value < axis->low ? axis->low : axis->high;
			pulled++;
		}
		at = at * axis->bins + bin_of(axis, value);
	}
	*cell = at;
	if (clamped)
		*clamped = pulled;
	return 1;
}

void grid_bins(int bins[GRID_AXES_MAX], const struct grid *g, int64_t cell)
{
	memset(bins, 0, GRID_AXES_MAX * sizeof(bins[0]));
	for (int i = g->axis_count - 1; i >= 0; i--) {
		bins[i] = (int)(cell % g->axes[i].bins);
		cell /= g->axes[i].bins;
	}
}

void grid_bin_range(double *low, double *high, const struct grid_axis *axis, int bin)
{
	*low = border(axis, bin);
	*high = border(axis, bin + 1);
}

/* A bin that holds one whole number reads as that number, as counts do. */
static void range_text(char out[64], double low, double high)
{
	double whole = ceil(low) + 0.0;      /* -0.5 rounds up to -0, which reads as a slip */

	if (high - low <= 1 + 1e-9 && whole < high && fabs(whole) < 1e15)
		snprintf(out, 64, "%.0f", whole);
	else
		snprintf(out, 64, "%.4g..%.4g", low, high);
}

void grid_cell_text(char out[128], const struct grid *g, int64_t cell)
{
	int bins[GRID_AXES_MAX];
	size_t used = 0;

	out[0] = 0;
	grid_bins(bins, g, cell);
	for (int i = 0; i < g->axis_count && used < 127; i++) {
		const struct grid_axis *axis = &g->axes[i];
		double low, high;
		char range[64];

		grid_bin_range(&low, &high, axis, bins[i]);
		range_text(range, low, high);
		used += (size_t)snprintf(out + used, 128 - used, "%s%s %s%s%s", i ? ", " : "", axis->name,
			range, axis->unit[0] ? " " : "", axis->unit);
	}
}
