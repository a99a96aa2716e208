/*
 * stopwatch.h - paired times of two candidates on fresh inputs: the only place where a duration
 * becomes an observation.
 *
 *   pair: for X in random order of {A, B}:  fill, warm batch, verify;  fill, timed batch, verify
 *         y_X = ln((T - hand-off) / calls)
 *
 * The rules are those of the measuring note, sections 2.1, 2.2, 2.8: inputs of both sides and of
 * both batches are drawn apart, every batch is verified in full, an untimed warm batch of the same
 * process goes before each timed one, the driver's own cost is measured in the same session and
 * subtracted. A pair in which the core was taken away is repeated, a few times at most.
 */
#pragma once

#include "evaluators/rig.h"

struct stopwatch_class {
	int calls_least, calls; /* of a batch: what the trusted side needs; grown where the faster
				   side would be too short */
	double handoff_ns;      /* median of empty crossings of this shape */
	double last_ns[2];      /* the last timed batch of either side */
};

struct stopwatch {
	struct rig *rig; /* borrowed */
	enum clade_stream stream;
	struct clade_random inputs;
	struct random order;
	struct clade_run *empty; /* owned: an entry that returns at once */
	struct stopwatch_class classes[CLADE_CLASSES_MAX];
	int pairs; /* timed so far */
	struct host_audit audit; /* summed over the runs that stopwatch_audit was given */
	/*
	 * CPU time a call of every timed batch of either side since work_count was last set to 0,
	 * spoilt ones too: slow batches are the likelier ones to be spoilt, and must not vanish
	 * unseen.
	 */
	double *work[2]; /* owned */
	int work_count, work_room;
};

struct stopwatch_fault {
	enum verdict verdict;
	char *reason; /* owned */
	int side;     /* whose run is over: index of the sides given */
};

int stopwatch_open(struct stopwatch *w, struct rig *r, enum clade_stream stream, struct err *e);
void stopwatch_close(struct stopwatch *w);
/*
 * Choose batch sizes from a trusted program's speed (the incumbent, else the seed), never from a
 * candidate's: one that dawdles now would be timed on fewer calls later. 0, 1 the run is over
 * (fault), or our own error.
 */
int stopwatch_calibrate(struct stopwatch *w, struct clade_run *trusted,
	struct stopwatch_fault *fault, struct err *e);
/* One pair on one input class: *d = ln t(sides[0]) - ln t(sides[1]). 0, 1 one side's run is over,
 * or our own error. */
int stopwatch_pair(double *d, struct stopwatch *w, struct clade_run *const sides[2],
	int class_index, struct stopwatch_fault *fault, struct err *e);
/*
 * Adds a candidate's run to the audit, once, when its crossings are over; NULL is no run. A slow kernel has a few crossings a run only, so
 * that the sum over a job is judged, not a run.
 */
void stopwatch_audit(struct stopwatch *w, const struct clade_run *run);
/* Whether the candidate worked between its crossings more than an honest one can, in all runs of
 * the audit together. */
bool stopwatch_awake(const struct stopwatch *w);
