#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "evaluators/job.h"
#include "evaluators/job_wire.h"

int job_compile_encode(struct buffer *out, int64_t id, const struct job_compile *j, struct err *e)
{
	struct job_wire w;

	job_wire_begin(&w, "job", id, job_kind_name(JOB_COMPILE));
	job_wire_put_program(&w, "program", &j->program);
	json_put_i64(w.head, "constants", j->constants);
	return job_wire_end(&w, out, e);
}

int job_compile_decode(struct job_compile *j, const struct frame *f, struct err *e)
{
	struct job_compile read = { 0 };
	int rc;

	if ((rc = job_wire_program_at(&read.program, f, "program", e)) < 0 ||
		(rc = job_wire_int_at(
			 &read.constants, f->head, "constants", 0, JOB_CONSTANTS_MAX, e)) < 0) {
		err_in(e, "compile job");
		return rc;
	}
	*j = read;
	return 0;
}

int job_compile_result_encode(
	struct buffer *out, int64_t id, const struct job_compile_result *r, struct err *e)
{
	struct job_wire w;

	job_wire_begin(&w, "result", id, job_kind_name(JOB_COMPILE));
	job_wire_put_outcome(w.head, r->verdict, r->reason, r->costs, r->cost_count);
	job_wire_put_blob(&w, w.head, "image", r->image);
	json_put_i64(w.head, "code_bytes", r->code_bytes);
	json_put_i64(w.head, "data_bytes", r->data_bytes);
	return job_wire_end(&w, out, e);
}

int job_compile_result_decode(struct job_compile_result *r, const struct frame *f, struct err *e)
{
	struct job_compile_result read = { 0 };
	int rc;

	if ((rc = job_wire_blob_at(&read.image, f, f->head, "image", e)) < 0 ||
		(rc = job_wire_outcome_at(&read.verdict, &read.reason, read.costs, &read.cost_count,
			 f->head, e)) < 0) {
		err_in(e, "compile result");
		return rc;
	}
	read.code_bytes = json_i64_or(f->head, "code_bytes", 0);
	read.data_bytes = json_i64_or(f->head, "data_bytes", 0);
	*r = read;
	return 0;
}

void job_compile_result_release(struct job_compile_result *r)
{
	if (!r)
		return;
	free(r->reason);
	*r = (struct job_compile_result){ 0 };
}
