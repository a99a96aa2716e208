/*
 * race_stage.h - timed problems only: lose early against a rival, else quick ratios to the seed per
 * input class.
 */
#pragma once

#include "evaluators/rig.h"

/* No score beyond this many times the seed's speed is believed (measuring note, invariant vi). */
#define RACE_RATIO_MAX 1000.0

/* Adds to a result whose checks passed. 0 or 1 (settled) with the verdict in result, or our own
 * error. */
int race_stage_run(struct job_evaluate_result *result, struct rig *r,
	const struct job_evaluate *job, struct err *e);
