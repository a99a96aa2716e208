/*
 * pool.h - the workers of a campaign as child processes on the libuv loop: started through a launcher, fed two jobs each, watched, replaced.
 *
 *   pool_submit ─▶ queue per kind of slot ─▶ worker (pipe in, pipe out, stderr) ─▶ done callback, exactly once per job
 *
 * A worker is dead when it ends without bye, sends bytes that are no frame, or is silent for longer than silence_ns; it is killed (its whole process group) and replaced, and
 * its jobs come back with POOL_LOST. Starting fails for good when `starts_max` workers in a row die before they are ready.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/frame.h"

struct err;
struct pool;
struct manifest;
struct job_configure;

enum pool_slot { POOL_MEASURE, POOL_COMPILE };
enum pool_outcome {
	POOL_DONE,
	POOL_LOST,         /* the worker died on it */
	POOL_ERROR,        /* the worker reports a failure of ours; text in the frame's "error" */
	POOL_RECALLED,     /* never sent: pool_recall took it back */
};
/* frame is NULL unless DONE or ERROR; borrowed for the call. */
typedef void pool_done_fn(void *context, enum pool_outcome outcome, const struct frame *frame, const char *error);

struct pool_options {
	uv_loop_t *loop;                        /* borrowed */
	const char *launcher;                   /* template with {worker} */
	const char *worker_command;             /* absolute "…/clade worker" */
	int64_t silence_ns, start_ns;           /* dead after; time to become ready */
	const struct job_configure *measure;    /* per measuring slot, array of measure_count */
	int measure_count;
	const struct job_configure *compile;    /* one, for every compile slot; measures=false */
	int compile_count;
	void (*ready)(void *context, const cJSON *ready_head);             /* each time a worker becomes ready */
	void (*failed)(void *context, const char *why);                    /* no worker can be started; once, from the loop */
	void (*log)(void *context, const char *line);                      /* a worker's stderr line, or a warning about one */
	void *context;
};
int pool_open(struct pool **out, const struct pool_options *o, struct err *e);
/* Submit one encoded job frame (taken over, bytes freed by the pool). id must be unique. The callback runs from the loop. */
void pool_submit(struct pool *p, enum pool_slot slot, int64_t id, char *frame_bytes, size_t size, pool_done_fn *done, void *context);
/* Jobs that no worker was given yet come back as POOL_RECALLED: what runs is finished, nothing more begins. */
void pool_recall(struct pool *p);
int pool_waiting(const struct pool *p, enum pool_slot slot);     /* queued, not yet sent */
int pool_busy(const struct pool *p, enum pool_slot slot);        /* workers with at least one job */
int pool_size(const struct pool *p, enum pool_slot slot);
/* Say bye to all, kill those who do not end within 2 s, then call closed. Jobs that are still in flight are dropped without their callbacks. */
void pool_close(struct pool *p, void (*closed)(void *context), void *context);
