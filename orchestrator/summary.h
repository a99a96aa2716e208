/*
 * summary.h - what a session leaves on standard output: how it ended, the best beside the seed and the references, what to do next.
 */
#pragma once

#include "orchestrator/engine.h"

struct err;
struct campaign;

/* Reads the campaign's file. json: one object with state, file, evaluations, duplicates, cells, best, seed. */
int summary_print(const struct campaign *c, const char *path, enum engine_end end, int json, struct err *e);
