/*
 * rig.h - all that a worker has set up for one problem: boxes, evaluator, streams, clock. Jobs run
 * on it, with or without frames.
 *
 *   worker.c ─ frames ─┐
 *   clade eval, tests ─┴▶ rig_compile, rig_evaluate, rig_duel, rig_tune
 *                           └▶ compile_stage, evaluate_stage (race_stage), duel_stage, tune_stage
 *
 * One rig per process: it pins the calling thread, and a plug-in stays loaded for the process'
 * life. What a candidate did is a verdict in the result; a negative return is our own failure and
 * leaves the result untouched.
 */
#pragma once

#include "base/random.h"
#include "evaluators/host.h"
#include "evaluators/job.h"
#include "evaluators/worker.h"
#include "sandbox/compile_box.h"
#include "sandbox/run_box.h"

#define RIG_IMAGES_MAX 16

/* A canonical image that came as bytes, kept as a sealed memfd: the seed and the rivals come again
 * and again. */
struct rig_image {
	int fd;
	size_t size;
	uint8_t hash[16];
	int64_t used;
};

/* The seed of a campaign at many layouts, linked once; a duel draws from them. */
struct rig_pool {
	struct compile_result images;
	char *source;
	size_t source_bytes;
	bool filled;
};

/* Stages read it; everybody else goes through the functions. */
struct rig {
	const struct job_configure *configure; /* borrowed */
	const struct worker_hooks *hooks;      /* borrowed, may be NULL: no tuning then */
	const struct clade_evaluator *evaluator;
	struct host *host;
	void *state; /* of the evaluator */
	bool state_open;
	struct sandbox *sandbox;
	struct run_box *box; /* NULL for a compile-only rig */
	int cpu;             /* where driver and timed candidates run, -1 anywhere */
	struct compile_unit units[COMPILE_UNITS_MAX]; /* owned texts: adapter and support files */
	int unit_count;
	int null_image; /* an entry that returns at once, -1 for untimed problems */
	int metric_count, class_count, fitness_index;
	struct rig_image images[RIG_IMAGES_MAX];
	int64_t image_clock;
	struct rig_pool pool;
	char *image_bytes; /* owned; of the last rig_compile */
};

/* configure and hooks must outlive the rig. */
int rig_open(struct rig **out, const struct job_configure *configure,
	const struct worker_hooks *hooks, struct err *e);
void rig_close(struct rig *r);
const char *rig_compiler_version(const struct rig *r);

/* The image in the result is the rig's until the next rig_compile. */
int rig_compile(struct job_compile_result *out, struct rig *r, const struct job_compile *job,
	struct err *e);
int rig_evaluate(struct job_evaluate_result *out, struct rig *r, const struct job_evaluate *job,
	struct err *e);
int rig_duel(struct job_duel_result *out, struct rig *r, const struct job_duel *job, struct err *e);
int rig_tune(struct job_tune_result *out, struct rig *r, const struct job_tune *job, struct err *e);

/* For stages. The descriptor is borrowed from the rig's cache. */
int rig_image_fd(int *fd, struct rig *r, struct frame_blob image, struct err *e);
/* The same inputs for every candidate of a campaign, apart for each stream. */
void rig_stream(struct random *out, const struct rig *r, enum clade_stream stream);
/* A start of this image as a timed candidate: blocking, on the rig's cpu. */
struct host_start rig_start(const struct rig *r, int image);
/*
 * What became of a callback: 0 go on, 1 the candidate's run is settled (verdict, and a reason the
 * caller frees), or our own error. The run's state goes before the answer.
 */
int rig_settle(enum verdict *verdict, char **reason, const struct rig *r,
	const struct clade_run *run, int answer, struct err *e);
