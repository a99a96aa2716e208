/*
 * engine.h - the campaign's loop: propose → screen → compile → screen → evaluate → (duel) → commit, steady state, one thread.
 *
 *      mutators ──▶ candidate (a state machine) ──▶ pool of workers ──▶ result ──▶ archive, one transaction each
 *
 * The engine is the only writer of the campaign file. Nothing waits for a generation.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;
struct archive;
struct campaign;

enum engine_end { ENGINE_FINISHED, ENGINE_STOPPED, ENGINE_FAILED, ENGINE_SEED_REFUSED };

struct engine_options {
	const char *path;             /* of the campaign file */
	bool resume;
	int64_t wall_ns, evaluations; /* budget of this session; 0: none */
	bool quiet;                   /* no display */
	bool json;                    /* one JSON line per event on stdout instead of a display */
};
/* Run or resume. The campaign is created when !resume. *end says how it ended. */
int engine_run(enum engine_end *end, struct campaign *c, const struct engine_options *o, struct err *e);
