#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "evaluators/job.h"
#include "evaluators/job_wire.h"

#define CROSSINGS_MAX 1000000

int job_tune_encode(struct buffer *out, int64_t id, const struct job_tune *j, struct err *e)
{
	struct job_wire w;

	job_wire_begin(&w, "job", id, job_kind_name(JOB_TUNE));
	job_wire_put_blob(&w, w.head, "image", j->image);
	job_wire_put_doubles(w.head, "constants", j->constants, j->constant_count);
	json_put_i64(w.head, "crossings_max", j->crossings_max);
	return job_wire_end(&w, out, e);
}

int job_tune_decode(struct job_tune *j, const struct frame *f, struct err *e)
{
	struct job_tune read = { 0 };
	int rc;

	if ((rc = job_wire_blob_at(&read.image, f, f->head, "image", e)) < 0 ||
		(rc = job_wire_doubles_at(read.constants, &read.constant_count, JOB_CONSTANTS_MAX,
			 f->head, "constants", e)) < 0 ||
		(rc = job_wire_int_at(
			 &read.crossings_max, f->head, "crossings_max", 1, CROSSINGS_MAX, e)) < 0) {
		err_in(e, "tune job");
		return rc;
	}
	if (read.image.size == 0 || read.constant_count == 0)
		return err_set(e, ERR_PROTOCOL, "tune job: there is no image or no constant");
	for (int i = 0; i < read.constant_count; i++) {
		if (!isfinite(read.constants[i]))
			return err_set(e, ERR_PROTOCOL, "tune job: constant %d is no number", i);
	}
	*j = read;
	return 0;
}

int job_tune_result_encode(
	struct buffer *out, int64_t id, const struct job_tune_result *r, struct err *e)
{
	struct job_wire w;

	job_wire_begin(&w, "result", id, job_kind_name(JOB_TUNE));
	job_wire_put_outcome(w.head, r->verdict, r->reason, r->costs, r->cost_count);
	job_wire_put_doubles(w.head, "constants", r->constants, r->constant_count);
	json_put_double(w.head, "before", r->before);
	json_put_double(w.head, "after", r->after);
	json_put_i64(w.head, "crossings", r->crossings);
	return job_wire_end(&w, out, e);
}

int job_tune_result_decode(struct job_tune_result *r, const struct frame *f, struct err *e)
{
	struct job_tune_result read = { 0 };
	int rc;

	if ((rc = job_wire_outcome_at(
		     &read.verdict, &read.reason, read.costs, &read.cost_count, f->head, e)) < 0 ||
		(rc = job_wire_doubles_at(read.constants, &read.constant_count, JOB_CONSTANTS_MAX,
			 f->head, "constants", e)) < 0) {
		free(read.reason);
		err_in(e, "tune result");
		return rc;
	}
	read.before = json_double_or(f->head, "before", NAN);
	read.after = json_double_or(f->head, "after", NAN);
	read.crossings = (int)json_i64_or(f->head, "crossings", 0);
	*r = read;
	return 0;
}

void job_tune_result_release(struct job_tune_result *r)
{
	if (!r)
		return;
	free(r->reason);
	*r = (struct job_tune_result){ 0 };
}
