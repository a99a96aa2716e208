/*
 * search.h - the state of a running campaign, shared by the files of the loop. Plain data; engine.c owns it.
 *
 *   engine.c     session: open, seed first, budgets, signals, display, end
 *   proposer.c   parents, mutator, screens before anything costs
 *   candidate.c  one proposal on its way through tune, compile, evaluate, duel to its commit
 *   elites.c     the map in memory, mirrored from the archive
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "archive/archive.h"
#include "evaluators/cascade.h"
#include "evaluators/manifest.h"
#include "evaluators/verdict.h"
#include "mutators/mutator.h"
#include "mutators/region.h"
#include "orchestrator/campaign.h"
#include "orchestrator/elites.h"
#include "orchestrator/pool.h"
#include "orchestrator/progress.h"

struct candidate;
struct hook;
struct proposer_memory;

/* How far the session has come. */
enum search_phase {
	SEARCH_SEED,        /* only the seed is on its way */
	SEARCH_RETEST,      /* another machine: elites are measured again before anything new */
	SEARCH_OPEN,        /* proposing */
	SEARCH_DRAINING,    /* what runs is finished, nothing new begins */
	SEARCH_OVER,
};

struct search {
	uv_loop_t *loop;                      /* borrowed */
	struct campaign *campaign;            /* borrowed */
	struct archive *archive;
	struct manifest *manifest;
	struct mutator_domain domain;
	struct mutator_terminal terminals[CLADE_TERMINALS_MAX];
	struct pool *pool;
	struct progress *progress;
	struct elites *elites;
	struct hook *hook;                    /* NULL until the first new best */
	const char *path;                     /* borrowed: the campaign's file */
	struct proposer_memory *memory;       /* structures fitted so far, NULL until the first */
	char *seed_text; size_t seed_bytes;   /* the user's file at its commit */
	struct region region;                 /* its evolved region */
	void *seed_image; size_t seed_image_bytes;   /* timed problems: the frozen seed */
	uint64_t seed;                        /* of the random numbers */
	struct grid grid;
	struct hash_secret secret;

	enum search_phase phase;
	struct candidate *in_flight;          /* list */
	int in_flight_count;
	int64_t next_proposal, next_job;
	int64_t seed_id;
	double seed_fitness;
	int64_t evaluations, duplicates, proposed;
	int64_t verdicts[VERDICT_COUNT];
	double best, best_low, best_high;     /* NAN before the seed */
	int64_t best_id;
	char best_name[HASH_HEX];
	int64_t session_began_ns, elapsed_before_ns;
	int64_t evaluations_at_start;
	int64_t fruitless;                    /* proposals in a row that were nothing new */
	int losses[2];                        /* jobs lost with their workers since the last answer: measuring, compiling */
	int64_t commit_ns;                    /* what commits cost since the last one that booked it */
	bool failed;                          /* an error of ours ends the session; text in failure */
	char failure[1200];
	bool seed_refused;
};

/* Campaign wall time so far, over all sessions. */
int64_t search_elapsed_ns(const struct search *s);
/* Our own failure: stops the session with this error. */
void search_fail(struct search *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
