/*
 * tune_stage.h - a program's constants, fitted in its box to the evaluator's residuals on the
 * search stream.
 */
#pragma once

#include "evaluators/rig.h"

int tune_stage_run(
	struct job_tune_result *out, struct rig *r, const struct job_tune *job, struct err *e);
