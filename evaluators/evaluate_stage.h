/*
 * evaluate_stage.h - is it right, and how good: small check, full check or metrics, and for timed
 * problems the race and quick ratios.
 */
#pragma once

#include "evaluators/rig.h"

int evaluate_stage_run(struct job_evaluate_result *out, struct rig *r,
	const struct job_evaluate *job, struct err *e);
