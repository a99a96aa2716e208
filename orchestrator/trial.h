/*
 * trial.h - one program through the whole path in this process, without a campaign: what `clade
 * eval` prints and `clade export` confirms by.
 *
 *   text ─ region and syntax ─▶ compile box ─▶ small check, full check, metrics ─▶ (timed: duel against the seed) ─▶ place on the map
 *
 * The same rig as a worker's, the same sandbox, the same orders; so one trial per process, and it
 * takes the lane of its CPU for timing.
 */
#pragma once

#include <stdint.h>

#include "evaluators/job.h"
#include "orchestrator/briefing.h"
#include "orchestrator/search.h"

struct err;
struct rig;

struct trial {
	const struct campaign *campaign; /* borrowed */
	struct manifest *manifest;       /* owned */
	struct briefing briefing;        /* the worker's orders */
	struct rig *rig;                 /* owned */
	struct search search;            /* only what placing and screening read */
	cJSON *machine;                  /* owned: fingerprint of this machine and compiler */
};

/* What became of one program. */
struct trial_outcome {
	enum verdict verdict;
	char *reason;      /* owned */
	const char *stage; /* of the cascade, the last one that was entered */
	/*
	 * in manifest order, NAN where not measured; the fitness of a timed problem is the report
	 */
	double metrics[CLADE_METRICS_MAX];
	/* of the fitness; equal to it for behaviour metrics */
	double low, high;
	double features[CLADE_FEATURES_MAX];
	int64_t cell; /* -1: none */
	int64_t code_bytes, pairs, wall_ns, cpu_ns;
};
void trial_outcome_release(struct trial_outcome *o);

/* key: of the evaluator's inputs. */
int trial_open(struct trial *out, const struct campaign *c, const uint8_t key[32], struct err *e);
void trial_close(struct trial *t);
/*
 * The program's evolved region and allowed syntax; sets verdict and reason and returns 1 when it
 * may not run, 0 when it may.
 */
int trial_screen(struct region *region, struct trial_outcome *out, struct trial *t,
	const struct job_program *p, struct err *e);
/*
 * The path after the text's. seed: what timed programs are measured against; untimed problems do
 * not look at it. region NULL: no place on the map. A verdict other than ok is an outcome; a
 * negative return is our own failure.
 */
int trial_run(struct trial_outcome *out, struct trial *t, const struct job_program *p,
	const struct job_program *seed, const struct region *region, enum clade_stream stream,
	struct err *e);
/* The fitness of an outcome. */
double trial_fitness(const struct trial *t, const struct trial_outcome *o);
