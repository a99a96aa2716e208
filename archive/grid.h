/*
 * grid.h - from features to a cell of the archive (MAP-Elites, Mouret & Clune, arXiv:1504.04909). Arithmetic only.
 *
 * Each axis cuts one feature into equal bins on its scale; ranges are fixed, so cells never move under an elite.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;

#define GRID_AXES_MAX 4
#define GRID_BINS_MAX 256

enum grid_scale { GRID_LINEAR, GRID_LOG2, GRID_LOG10 };
struct grid_axis {
	char name[48];
	char unit[16];
	double low, high;        /* in the feature's own unit, low < high; > 0 on log scales */
	int bins;
	enum grid_scale scale;
	bool refuse;             /* a value outside refuses the program; else it is clamped and counted */
};
struct grid { struct grid_axis axes[GRID_AXES_MAX]; int axis_count; };

int grid_check(const struct grid *g, struct err *e);
int64_t grid_cells(const struct grid *g);
/*
 * The cell of one program. features: one per axis. Returns 1 inside, 0 outside and refused (e names the axis), ERR_FORMAT for NaN (e names the axis).
 * *clamped counts the axes on which the value was pulled to the border bin.
 */
int grid_cell(int64_t *cell, int *clamped, const struct grid *g, const double *features, struct err *e);
/* Bin of the cell on each axis, and that bin's range in the feature's unit. */
void grid_bins(int bins[GRID_AXES_MAX], const struct grid *g, int64_t cell);
void grid_bin_range(double *low, double *high, const struct grid_axis *axis, int bin);
/* "operations 10, digits 7..8": for people. */
void grid_cell_text(char out[128], const struct grid *g, int64_t cell);
