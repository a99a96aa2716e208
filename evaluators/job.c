#include "evaluators/job.h"

#include "base/err.h"
#include "base/json.h"
#include "evaluators/job_wire.h"

static const char *const kind_names[] = {
	[JOB_COMPILE] = "compile",
	[JOB_EVALUATE] = "evaluate",
	[JOB_DUEL] = "duel",
	[JOB_TUNE] = "tune",
};

const char *job_kind_name(enum job_kind k)
{
	return kind_names[k];
}

int job_error_encode(struct buffer *out, int64_t id, const char *text, struct err *e)
{
	struct job_wire w;

	job_wire_begin(&w, "result", id, NULL);
	json_put_text(w.head, "error", text);
	return job_wire_end(&w, out, e);
}
