/*
 * job_wire.h - how the fields of jobs and results stand in a frame's head; only the job_*.c files
 * include it.
 */
#pragma once

#include "evaluators/job.h"

/* A frame being built: its head, and blobs that the head names by index. Blobs are borrowed until
 * job_wire_end. */
struct job_wire {
	cJSON *head;
	struct frame_blob blobs[FRAME_BLOBS_MAX];
	int blob_count;
};

/* A head {"type":type,"id":"id","kind":kind}; kind NULL leaves it out. */
void job_wire_begin(struct job_wire *w, const char *type, int64_t id, const char *kind);
/* Append the frame to out and release the head. */
int job_wire_end(struct job_wire *w, struct buffer *out, struct err *e);

/* A blob without bytes is absent: null in the head, {NULL, 0} when read. */
void job_wire_put_blob(struct job_wire *w, cJSON *object, const char *key, struct frame_blob blob);
int job_wire_blob_at(struct frame_blob *out, const struct frame *f, const cJSON *object,
	const char *key, struct err *e);
void job_wire_put_program(struct job_wire *w, const char *key, const struct job_program *p);
int job_wire_program_at(
	struct job_program *out, const struct frame *f, const char *key, struct err *e);
void job_wire_put_doubles(cJSON *object, const char *key, const double *values, int count);
/* Reads at most max numbers, null as NAN; the rest of values is left alone. */
int job_wire_doubles_at(
	double *values, int *count, int max, const cJSON *object, const char *key, struct err *e);
void job_wire_put_strings(cJSON *object, const char *key, const char *const *texts);
/* Borrowed texts, NULL-ended; texts has room for max + 1. */
int job_wire_strings_at(
	const char **texts, int max, const cJSON *object, const char *key, struct err *e);
int job_wire_int_at(
	int *out, const cJSON *object, const char *key, int low, int high, struct err *e);

/* verdict, reason and costs, which every result has. */
void job_wire_put_outcome(cJSON *head, enum verdict verdict, const char *reason,
	const struct job_cost *costs, int cost_count);
/* ERR_CHILD with the worker's text when the head carries an error instead of a verdict. The reason
 * is the caller's to free. */
int job_wire_outcome_at(enum verdict *verdict, char **reason, struct job_cost *costs,
	int *cost_count, const cJSON *head, struct err *e);
