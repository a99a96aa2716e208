/*
 * duel_stage.h - does the challenger take the cell: race, contest on fresh layouts of both sides,
 * independent report against the frozen seed (measuring note, section 3.2).
 */
#pragma once

#include "evaluators/rig.h"

int duel_stage_run(
	struct job_duel_result *out, struct rig *r, const struct job_duel *job, struct err *e);
