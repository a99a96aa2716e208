/*
 * job.h - what orchestrator and worker say to each other, as heads of frames (base/frame.h). Version FRAME_VERSION.
 *
 *      orchestrator                                        worker
 *        {"type":"configure", ...struct job_configure}  ──▶  opens sandbox, loads the plug-in
 *        ◀── {"type":"ready","version":1,"pid":n,"manifest":{...},"machine":{...},"compiler":"..."}   or {"type":"failed","error":"..."}
 *        {"type":"job","id":"17","kind":"compile|evaluate|duel|tune", ...} + blobs  ──▶          at most two in flight
 *        ◀── {"type":"result","id":"17", ...} + blobs          in order; "error" instead of a verdict is our own failure
 *        ◀── {"type":"alive"} every heartbeat_ns, from a thread of its own, also while a job runs
 *        ◀── {"type":"failed","error":"..."} and the worker's end, when a job lasts longer than job_limit_ns
 *        {"type":"bye"} ──▶ and ◀── {"type":"bye"}: the only clean end. End of file, silence or bytes that are no frame: the worker is dead.
 *
 * Blobs are named by their index in the head ("source":0, "image":1, ...). Encoding and decoding stand in job.c once, for both sides.
 */
#pragma once

#include <stdint.h>

#include "base/frame.h"
#include "evaluators/evaluator.h"
#include "evaluators/verdict.h"

struct err;

#define JOB_HEARTBEAT_NS 2000000000LL
#define JOB_FLAGS_MAX 16
#define JOB_CONSTANTS_MAX 64
#define JOB_STAGES_MAX 8
#define JOB_LAYOUTS_MAX 12

struct job_configure {
	char *problem_dir, *plugin;       /* absolute paths on the worker's machine */
	char *compiler;                   /* "gcc" */
	char *flags[JOB_FLAGS_MAX + 1];   /* the target's flags, NULL-ended */
	char *include_dir;                /* or NULL */
	char *support[8 + 1];             /* file names in problem_dir compiled beside adapter.c, NULL-ended */
	bool candidate_included;          /* the adapter includes the candidate (compile_box.h) */
	bool measures;                    /* false: a compile-only worker; no zygote is started */
	int cpu;                          /* the measuring CPU, -1 any; measuring workers pin themselves there */
	int second_cpu;                   /* for the spinning channel of decisions, -1: blocking */
	bool lane;                        /* take the machine-wide lock of cpu around timing */
	int compile_cpus[64]; int compile_cpu_count;   /* where compile boxes may run; 0: anywhere */
	int64_t job_limit_ns;             /* a job that lasts longer hangs, and the worker ends (worker.h); 0: none */
	uint64_t seed; bool has_seed;     /* keys of search, probe, check and holdout inputs derive from it when given */
	uint8_t key[32];                  /* the campaign's input key */
	char *parameters[16][2];          /* name, value; NULL-ended */
};

/* One program as text with its flag genes. */
struct job_program {
	const char *source; size_t source_bytes;      /* borrowed */
	const char *flags[JOB_FLAGS_MAX + 1];         /* genes: appended to the target's flags; NULL-ended */
};

struct job_cost { const char *stage; int64_t wall_ns, cpu_ns; };   /* stage is a name of cascade.h */

struct job_compile { struct job_program program; int constants; /* > 0: build for tuning, constants in clade_constants[] */ };
struct job_compile_result {
	enum verdict verdict; char *reason;       /* diagnostics for compile_error; owned */
	struct frame_blob image;                  /* borrowed from the frame */
	int64_t code_bytes, data_bytes;
	struct job_cost costs[JOB_STAGES_MAX]; int cost_count;
};

struct job_evaluate {
	struct frame_blob image;
	enum clade_stream stream;                 /* CLADE_SEARCH, or CLADE_HOLDOUT for confirmation */
	/* timed problems: the rival that it must not lose to (blob size 0: none) and the frozen seed, both as canonical images */
	struct frame_blob rival, seed;
	double floor;                             /* ratio to the seed below which it is `slower` even without a rival; 0: none */
	double delta_min;                         /* ln units: a gain over the rival below this is `slower`; 0: the race's default */
};
struct job_evaluate_result {
	enum verdict verdict; char *reason;       /* owned */
	double metrics[CLADE_METRICS_MAX];        /* in manifest order; NAN where not measured */
	double class_ratio[CLADE_CLASSES_MAX]; int class_count;   /* timed: quick median ratio to the seed per class */
	int pairs;                                /* of the race */
	double race_ratio;                        /* quick ratio to the rival, NAN without one */
	struct job_cost costs[JOB_STAGES_MAX]; int cost_count;
};

struct job_duel {
	struct job_program challenger, incumbent, seed;   /* incumbent.source NULL: an empty cell, only the report is made */
	int layouts, pairs;                       /* fresh layouts of both sides; pairs per layout */
	double delta_min;                         /* ln units */
	enum clade_stream stream;                 /* of the timed inputs: CLADE_SEARCH, or CLADE_HOLDOUT for confirmation; 0 is CLADE_SEARCH */
};
struct job_duel_result {
	enum verdict verdict; char *reason;       /* ok: it replaces; slower: it does not */
	double ratio, ratio_low, ratio_high;      /* challenger against incumbent over layouts; NAN without one */
	double report, report_low, report_high;   /* independent re-measurement against the frozen seed: the number that is shown */
	double class_ratio[CLADE_CLASSES_MAX]; int class_count;   /* re-measured against the seed, per class */
	int pairs;                                /* all timed pairs of this job */
	double handoff_ns;                        /* cost of an empty crossing that was subtracted */
	struct job_cost costs[JOB_STAGES_MAX]; int cost_count;
};

struct job_tune { struct frame_blob image; double constants[JOB_CONSTANTS_MAX]; int constant_count; int crossings_max; };
struct job_tune_result {
	enum verdict verdict; char *reason;
	double constants[JOB_CONSTANTS_MAX]; int constant_count;
	double before, after;                     /* root mean square of the residuals */
	int crossings;
	struct job_cost costs[JOB_STAGES_MAX]; int cost_count;
};

enum job_kind { JOB_COMPILE, JOB_EVALUATE, JOB_DUEL, JOB_TUNE };
const char *job_kind_name(enum job_kind k);
/* Our own failure in place of a verdict; every *_result_decode answers ERR_CHILD with this text. */
int job_error_encode(struct buffer *out, int64_t id, const char *text, struct err *e);

/* Encoding appends one frame to out; decoding borrows texts and blobs from the frame. */
int job_configure_encode(struct buffer *out, const struct job_configure *c, struct err *e);
int job_configure_decode(struct job_configure *c, const cJSON *head, struct err *e);
void job_configure_release(struct job_configure *c);
int job_compile_encode(struct buffer *out, int64_t id, const struct job_compile *j, struct err *e);
int job_compile_decode(struct job_compile *j, const struct frame *f, struct err *e);
int job_evaluate_encode(struct buffer *out, int64_t id, const struct job_evaluate *j, struct err *e);
int job_evaluate_decode(struct job_evaluate *j, const struct frame *f, struct err *e);
int job_duel_encode(struct buffer *out, int64_t id, const struct job_duel *j, struct err *e);
int job_duel_decode(struct job_duel *j, const struct frame *f, struct err *e);
int job_tune_encode(struct buffer *out, int64_t id, const struct job_tune *j, struct err *e);
int job_tune_decode(struct job_tune *j, const struct frame *f, struct err *e);
int job_compile_result_encode(struct buffer *out, int64_t id, const struct job_compile_result *r, struct err *e);
int job_compile_result_decode(struct job_compile_result *r, const struct frame *f, struct err *e);
int job_evaluate_result_encode(struct buffer *out, int64_t id, const struct job_evaluate_result *r, struct err *e);
int job_evaluate_result_decode(struct job_evaluate_result *r, const struct frame *f, struct err *e);
int job_duel_result_encode(struct buffer *out, int64_t id, const struct job_duel_result *r, struct err *e);
int job_duel_result_decode(struct job_duel_result *r, const struct frame *f, struct err *e);
int job_tune_result_encode(struct buffer *out, int64_t id, const struct job_tune_result *r, struct err *e);
int job_tune_result_decode(struct job_tune_result *r, const struct frame *f, struct err *e);
void job_compile_result_release(struct job_compile_result *r);
void job_evaluate_result_release(struct job_evaluate_result *r);
void job_duel_result_release(struct job_duel_result *r);
void job_tune_result_release(struct job_tune_result *r);
