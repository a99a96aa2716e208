/*
 * placing.h - from a candidate's metrics and text to its place in the map.
 */
#pragma once

#include <stdint.h>

#include "evaluators/verdict.h"

struct err;
struct candidate;
struct search;
struct elite;

/* The archive's grid for an evaluator's declared features. */
struct grid;
struct manifest;
void placing_grid(struct grid *out, const struct manifest *m);
/*
 * Features and cell of an evaluated candidate: 0 placed, 1 refused (a feature out of a range that refuses: verdict and reason set),
 * or an error of ours. An ungradable feature (NAN) is refused as wrong.
 */
int placing_cell(enum verdict *verdict, char reason[256], struct candidate *c, struct err *e);
/*
 * Timed problems, before timing: the easiest elite that it could replace. Sets *rival (NULL when a cell that it may reach is empty).
 */
void placing_rival(const struct elite **rival, struct candidate *c);
