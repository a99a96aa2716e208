/*
 * confirmation.h - does a winner hold on inputs that the search never saw: what export asks before
 * it calls something a win.
 *
 * Behaviour: winner and seed on the evaluator's holdout stream, keyed as the campaign's inputs are.
 * Timed: correctness and a report duel against the seed on inputs of a fresh key and on fresh
 * layouts; the interval must lie above 1. A program with flags of its own is confirmed without them
 * too: a win that goes away then is a win by flags alone.
 */
#pragma once

#include <stdbool.h>

#include "orchestrator/trial.h"
#include "orchestrator/viewer.h"

struct err;

struct confirmation {
	bool confirmed;
	bool flags_alone;        /* the source without the flags does not beat the seed */
	bool other_machine;      /* not the machine that the campaign was measured on */
	double value, low, high; /* the winner's fitness; NAN unless its verdict is ok */
	double seed;             /* the seed's; 1 for timed problems */
	enum verdict verdict;
	char reason[512]; /* why not, empty when confirmed */
	char *compiler;   /* owned: version line */
	cJSON *machine;   /* owned */
};
int confirmation_run(struct confirmation *out, struct viewer *v,
	const struct archive_program *winner, const struct archive_program *seed, struct err *e);
void confirmation_release(struct confirmation *c);
/*
 * {"confirmed":true,"metric":"digits","value":9.3,"low":..,"high":..,"seed":4.1,"verdict":"ok","reason":null,"at":"2026-..."}:
 * what the archive keeps.
 */
cJSON *confirmation_json(const struct confirmation *c, const struct clade_metric *fitness);
