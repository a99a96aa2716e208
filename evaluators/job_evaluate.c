#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "evaluators/job.h"
#include "evaluators/job_wire.h"

int job_evaluate_encode(struct buffer *out, int64_t id, const struct job_evaluate *j, struct err *e)
{
	struct job_wire w;

	job_wire_begin(&w, "job", id, job_kind_name(JOB_EVALUATE));
	job_wire_put_blob(&w, w.head, "image", j->image);
	job_wire_put_blob(&w, w.head, "rival", j->rival);
	job_wire_put_blob(&w, w.head, "seed", j->seed);
	json_put_i64(w.head, "stream", j->stream);
	json_put_double(w.head, "floor", j->floor);
	json_put_double(w.head, "delta_min", j->delta_min);
	return job_wire_end(&w, out, e);
}

int job_evaluate_decode(struct job_evaluate *j, const struct frame *f, struct err *e)
{
	struct job_evaluate read = { 0 };
	int stream, rc;

	if ((rc = job_wire_blob_at(&read.image, f, f->head, "image", e)) < 0 ||
		(rc = job_wire_blob_at(&read.rival, f, f->head, "rival", e)) < 0 ||
		(rc = job_wire_blob_at(&read.seed, f, f->head, "seed", e)) < 0 ||
		(rc = job_wire_int_at(&stream, f->head, "stream", CLADE_PROBE, CLADE_HOLDOUT, e)) <
			0) {
		err_in(e, "evaluate job");
		return rc;
	}
	if (read.image.size == 0)
		return err_set(e, ERR_PROTOCOL, "evaluate job: there is no image");
	read.stream = (enum clade_stream)stream;
	read.floor = json_double_or(f->head, "floor", 0);
	read.delta_min = json_double_or(f->head, "delta_min", 0);
	if (!(read.delta_min >= 0))
		return err_set(e, ERR_PROTOCOL, "evaluate job: delta_min is negative");
	*j = read;
	return 0;
}

int job_evaluate_result_encode(
	struct buffer *out, int64_t id, const struct job_evaluate_result *r, struct err *e)
{
	struct job_wire w;

	job_wire_begin(&w, "result", id, job_kind_name(JOB_EVALUATE));
	job_wire_put_outcome(w.head, r->verdict, r->reason, r->costs, r->cost_count);
	job_wire_put_doubles(w.head, "metrics", r->metrics, CLADE_METRICS_MAX);
	job_wire_put_doubles(w.head, "class_ratio", r->class_ratio, r->class_count);
	json_put_i64(w.head, "pairs", r->pairs);
	json_put_double(w.head, "race_ratio", r->race_ratio);
	return job_wire_end(&w, out, e);
}

int job_evaluate_result_decode(struct job_evaluate_result *r, const struct frame *f, struct err *e)
{
	struct job_evaluate_result read = { 0 };
	int metrics, rc;

	if ((rc = job_wire_outcome_at(
		     &read.verdict, &read.reason, read.costs, &read.cost_count, f->head, e)) < 0 ||
		(rc = job_wire_doubles_at(
			 read.metrics, &metrics, CLADE_METRICS_MAX, f->head, "metrics", e)) < 0 ||
		(rc = job_wire_doubles_at(read.class_ratio, &read.class_count, CLADE_CLASSES_MAX,
			 f->head, "class_ratio", e)) < 0) {
		free(read.reason);
		err_in(e, "evaluate result");
		return rc;
	}
	for (int i = metrics; i < CLADE_METRICS_MAX; i++)
		read.metrics[i] = NAN;
	read.pairs = (int)json_i64_or(f->head, "pairs", 0);
	read.race_ratio = json_double_or(f->head, "race_ratio", NAN);
	*r = read;
	return 0;
}

void job_evaluate_result_release(struct job_evaluate_result *r)
{
	if (!r)
		return;
	free(r->reason);
	*r = (struct job_evaluate_result){ 0 };
}
