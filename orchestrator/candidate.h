/*
 * candidate.h - one program on its way: a state machine from proposal to commit.
 *
 *   [tune: compile → fit] → token screen → compile → object screen → evaluate → (timed: duel) → commit
 *
 * Each arrow may end the way with a verdict. A job that is lost with its worker is asked once more elsewhere; a candidate that loses two workers is
 * quarantined. A failure of ours is tried once more and then stops the campaign.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "evaluators/job.h"
#include "mutators/mutator.h"

struct err;
struct search;

#define CANDIDATE_COSTS_MAX 24

enum candidate_kind { CANDIDATE_SEED, CANDIDATE_CHILD, CANDIDATE_RETEST };

struct candidate {
	struct search *search;               /* borrowed */
	struct candidate *next, *previous;   /* in search->in_flight */
	enum candidate_kind kind;
	int64_t proposal, queue_id;          /* queue_id 0: not queued (seed, retest) */
	int64_t parents[4]; int parent_count;
	int depth;
	struct mutator_proposal made;        /* source, genes, operation; owned */
	char *mutator;                       /* owned */
	char *flags_json;                    /* owned */
	struct hash token, object;
	bool has_object;
	void *image; size_t image_bytes;     /* owned */
	int64_t code_bytes;
	int tries, errors;                   /* lost workers, failures of ours */
	enum job_kind job;                   /* what is being asked now */
	bool tuning;                         /* JOB_COMPILE of the tunable text */
	int64_t incumbent; int rematches;    /* duel: whom it met */
	int64_t cell; int clamped;
	double features[CLADE_FEATURES_MAX];
	double metrics[CLADE_METRICS_MAX];
	double class_ratio[CLADE_CLASSES_MAX]; int class_count;
	double low, high;                    /* interval of the fitness */
	int64_t pairs;
	int64_t retest_id;                   /* CANDIDATE_RETEST: the elite's row */
	bool seed_image_only;                /* CANDIDATE_RETEST: only search->seed_image is wanted */
	struct job_cost costs[CANDIDATE_COSTS_MAX]; int cost_count;
	int64_t wall_ns, cpu_ns;
};

/* Takes the proposal over (it is emptied). */
struct candidate *candidate_new(struct search *s, enum candidate_kind kind, int64_t proposal, struct mutator_proposal *made, const char *mutator);
/* Put it on its way: it joins search->in_flight and leaves it by itself. */
void candidate_begin(struct candidate *c);
/* For one that was never begun. */
void candidate_free(struct candidate *c);
/* Free one on its way without a commit: its queue row stays, so that a resume takes it up. */
void candidate_abandon(struct candidate *c);
/* Add what a stage in our own process cost. */
void candidate_cost(struct candidate *c, const char *stage, int64_t wall_ns, int64_t cpu_ns);
