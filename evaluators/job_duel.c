#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "evaluators/job.h"
#include "evaluators/job_wire.h"

#define PAIRS_MAX 10000 /* pairs per layout: 10 s of 100 us batches are 25,000 pairs */

int job_duel_encode(struct buffer *out, int64_t id, const struct job_duel *j, struct err *e)
{
	struct job_wire w;

	job_wire_begin(&w, "job", id, job_kind_name(JOB_DUEL));
	job_wire_put_program(&w, "challenger", &j->challenger);
	job_wire_put_program(&w, "incumbent", &j->incumbent);
	job_wire_put_program(&w, "seed", &j->seed);
	json_put_i64(w.head, "layouts", j->layouts);
	json_put_i64(w.head, "pairs", j->pairs);
	json_put_double(w.head, "delta_min", j->delta_min);
	json_put_i64(w.head, "stream", j->stream ? j->stream : CLADE_SEARCH);
	return job_wire_end(&w, out, e);
}

int job_duel_decode(struct job_duel *j, const struct frame *f, struct err *e)
{
	struct job_duel read = { 0 };
	int stream, rc;

	if ((rc = job_wire_program_at(&read.challenger, f, "challenger", e)) < 0 ||
		(rc = job_wire_program_at(&read.incumbent, f, "incumbent", e)) < 0 ||
		(rc = job_wire_program_at(&read.seed, f, "seed", e)) < 0 ||
		(rc = job_wire_int_at(&read.layouts, f->head, "layouts", 1, JOB_LAYOUTS_MAX, e)) <
			0 ||
		(rc = job_wire_int_at(&read.pairs, f->head, "pairs", 1, PAIRS_MAX, e)) < 0 ||
		(rc = job_wire_int_at(&stream, f->head, "stream", CLADE_SEARCH, CLADE_HOLDOUT, e)) <
			0) {
		err_in(e, "duel job");
		return rc;
	}
	read.stream = (enum clade_stream)stream;
	read.delta_min = json_double_or(f->head, "delta_min", NAN);
	if (!read.challenger.source || !read.seed.source || !(read.delta_min >= 0))
		return err_set(
			e, ERR_PROTOCOL, "duel job: challenger, seed or delta_min is missing");
	*j = read;
	return 0;
}

int job_duel_result_encode(
	struct buffer *out, int64_t id, const struct job_duel_result *r, struct err *e)
{
	struct job_wire w;

	job_wire_begin(&w, "result", id, job_kind_name(JOB_DUEL));
	job_wire_put_outcome(w.head, r->verdict, r->reason, r->costs, r->cost_count);
	json_put_double(w.head, "ratio", r->ratio);
	json_put_double(w.head, "ratio_low", r->ratio_low);
	json_put_double(w.head, "ratio_high", r->ratio_high);
	json_put_double(w.head, "report", r->report);
	json_put_double(w.head, "report_low", r->report_low);
	json_put_double(w.head, "report_high", r->report_high);
	job_wire_put_doubles(w.head, "class_ratio", r->class_ratio, r->class_count);
	json_put_i64(w.head, "pairs", r->pairs);
	json_put_double(w.head, "handoff_ns", r->handoff_ns);
	return job_wire_end(&w, out, e);
}

int job_duel_result_decode(struct job_duel_result *r, const struct frame *f, struct err *e)
{
	struct job_duel_result read = { 0 };
	int rc;

	if ((rc = job_wire_outcome_at(
		     &read.verdict, &read.reason, read.costs, &read.cost_count, f->head, e)) < 0 ||
		(rc = job_wire_doubles_at(read.class_ratio, &read.class_count, CLADE_CLASSES_MAX,
			 f->head, "class_ratio", e)) < 0) {
		free(read.reason);
		err_in(e, "duel result");
		return rc;
	}
	read.ratio = json_double_or(f->head, "ratio", NAN);
	read.ratio_low = json_double_or(f->head, "ratio_low", NAN);
	read.ratio_high = json_double_or(f->head, "ratio_high", NAN);
	read.report = json_double_or(f->head, "report", NAN);
	read.report_low = json_double_or(f->head, "report_low", NAN);
	read.report_high = json_double_or(f->head, "report_high", NAN);
	read.pairs = (int)json_i64_or(f->head, "pairs", 0);
	read.handoff_ns = json_double_or(f->head, "handoff_ns", NAN);
	*r = read;
	return 0;
}

void job_duel_result_release(struct job_duel_result *r)
{
	if (!r)
		return;
	free(r->reason);
	*r = (struct job_duel_result){ 0 };
}
