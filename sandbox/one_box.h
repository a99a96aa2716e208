/*
 * one_box.h - one compile box over one plan: launch, watch, kill, seal what came out.
 *
 *   plan ──memfd──▶ box ──socket──▶ greeting, report
 *                    └──pipe──▶ diagnostics: drained, the first 4 KB kept, dead at 4 MB
 */
#pragma once

#include "sandbox/compile_box.h"

struct buffer;
/*
 * Fill outcome, diagnostics, images (the plan's outputs, sealed), sizes and costs of r, which the
 * caller prepared. wall_limit_ns: 0 for 15 s. 0, or ERR_SANDBOX.
 */
int one_box_run(struct compile_result *r, const struct sandbox *s, const struct buffer *plan,
	int outputs, int64_t wall_limit_ns, struct err *e);
