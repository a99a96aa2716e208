/*
 * compile_stage.h - from a program's text to an image: the request to the compile box, and what its
 * outcome means for the candidate.
 */
#pragma once

#include "evaluators/rig.h"

/* Read adapter.c and the support files of the problem into the rig, their #include
 * "clade_adapter.h" replaced by its text. */
int compile_stage_units(struct rig *r, struct err *e);
int compile_stage_run(struct job_compile_result *out, struct rig *r, const struct job_compile *job,
	struct err *e);
/*
 * Any number of layouts (at most COMPILE_LAYOUTS_MAX) of one program. 0 with images, 1 when the
 * candidate is to blame (verdict, reason for the caller to free), or our own error. The caller
 * releases out when 0.
 */
int compile_stage_layouts(struct compile_result *out, struct rig *r,
	const struct job_program *program, const uint32_t *layouts, int layout_count,
	enum verdict *verdict, char **reason, struct err *e);
/* The image of an entry that returns at once. */
int compile_stage_null(int *image, struct rig *r, struct err *e);
