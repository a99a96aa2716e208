/*
 * host.h - what stands behind struct clade_host: a run is one candidate in its box, a batch is what
 * crosses next.
 *
 *   host_batch ─▶ evaluator adds calls ─▶ host_cross: publish, cross, copy, audit ─▶ evaluator reads
 *
 * Everything that can end a run badly is kept in the run: what the candidate did (a verdict) or
 * what failed on our side (an error). A stage asks for both after every callback, whatever the
 * callback answered, so a plug-in cannot overlook a dead candidate.
 */
#pragma once

#include "base/err.h"
#include "base/random.h"
#include "evaluators/evaluator.h"
#include "evaluators/verdict.h"
#include "sandbox/run_box.h"

/* Constants in front of an argument block: 64 doubles (job.h: JOB_CONSTANTS_MAX). */
#define HOST_PREFIX_BYTES 512u
#define HOST_REASON_MAX 256

struct clade_random {
	struct random stream;
};

/* The table that plug-ins get; parameters are borrowed pairs of name and value, ended by a NULL
 * name. */
struct host;
struct host *host_new(const char *problem_dir, char *const (*parameters)[2]);
void host_free(struct host *h);
const struct clade_host *host_table(const struct host *h);

struct host_start {
	struct run_box *box;
	const struct clade_evaluator *evaluator;
	int image;         /* borrowed */
	const char *entry; /* "clade_call" */
	enum run_channel channel;
	int cpu;
	bool prefixed;     /* every argument block follows HOST_PREFIX_BYTES of constants */
	int64_t budget_ns; /* all crossings of the run together; the candidate's time is up after it
			    */
};
/* 0 started; 1 the candidate is refused: *verdict and reason say why; or our own error. */
int host_run_start(struct clade_run **out, const struct host_start *s, enum verdict *verdict,
	char reason[HOST_REASON_MAX], struct err *e);
void host_run_end(struct clade_run *run);

/* The stream behind host->random from now on. */
void host_run_stream(struct clade_run *run, const struct random *stream);
/* What host->add copies in front of each argument block of a prefixed run. */
void host_run_constants(struct clade_run *run, const double *constants, int count);

/* An empty batch for at most calls_max calls; the former batch of the run is gone. */
struct clade_batch *host_batch(struct clade_run *run, int calls_max);
/* 0 or CLADE_STOPPED. */
int host_cross(struct clade_run *run, struct clade_batch *b);

/* 1 and verdict and reason when the candidate's run is over, 0 while it lives, or our own error. */
int host_run_state(
	const struct clade_run *run, enum verdict *verdict, const char **reason, struct err *e);
const char *host_run_reason(
	const struct clade_run *run); /* what the evaluator explained last, or "" */

/* Of the last crossing: doorbell to copy, and the candidate's CPU time in it. */
int64_t host_run_wall_ns(const struct clade_run *run);
int64_t host_run_work_ns(const struct clade_run *run);
/* The candidate's CPU time in all crossings. */
int64_t host_run_cpu_ns(const struct clade_run *run);
/*
 * What the candidate did between crossings, while it should have slept. awake: crossings before
 * which it had burnt more CPU time than going to sleep costs, idle_ns: by how much in all; peeked: it
 * ran while its next inputs were published; cpu_ns: its CPU time in the crossings themselves.
 */
struct host_audit {
	int crossings, awake, peeked;
	int64_t idle_ns, cpu_ns;
};
struct host_audit host_run_audit(const struct clade_run *run);
/* The shape of the last crossing, for calibrating an empty one. Borrowed. */
const struct run_call *host_run_calls(const struct clade_run *run, int *count, size_t *copied);
/* Cross with calls of another run's shape and no contents: the driver's own cost. wall_ns or a
 * negative error. */
int64_t host_run_empty(struct clade_run *run, const struct run_call *calls, int count,
	size_t copied, struct err *e);
