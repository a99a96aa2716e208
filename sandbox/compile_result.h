/*
 * compile_result.h - from what the compile box said and how it ended to an outcome.
 */
#pragma once

#include "sandbox/box/box_wire.h"
#include "sandbox/compile_box.h"

/* How a compile box ended, as the watching side saw it. */
struct compile_ending {
	bool greeted;       /* the box stood */
	bool reported;      /* compiled is filled */
	bool late, flooded; /* we killed it */
	struct box_compiled compiled;
};

/*
 * Set outcome, and a line in diagnostics where the tools said nothing. Returns 0, or ERR_SANDBOX
 * when it was not the text's doing.
 */
int compile_result_judge(struct compile_result *r, const struct compile_ending *end, struct err *e);
