#include "sandbox/compile_box.h"

#include <stdio.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "sandbox/compile_plan.h"
#include "sandbox/one_box.h"
#include "sandbox/sandbox_parts.h"
#include "sandbox/unit_cache.h"

static void refuse_size(struct compile_result *r)
{
	r->outcome = SANDBOX_LIMIT;
	snprintf(r->diagnostics, sizeof r->diagnostics, "the source is larger than %u KB\n",
		COMPILE_SOURCE_MAX >> 10);
}

static int compile(struct compile_result *r, struct sandbox *s,
	const struct compile_request *request, struct err *e)
{
	struct unit_objects *objects = NULL;
	struct buffer plan;

	buffer_init(&plan, COMPILE_PLAN_BYTES_MAX);
	int rc = unit_cache_get(&objects, s->units, s, request, e);
	if (rc == 0)
		rc = compile_plan_make(&plan, s, request, objects, e);
	if (rc == 0)
		rc = one_box_run(r, s, &plan, request->layout_count, request->wall_limit_ns, e);
	buffer_release(&plan);
	unit_cache_put(s->units, objects);
	return rc;
}

int compile_box_run(struct compile_result *out, struct sandbox *s,
	const struct compile_request *request, struct err *e)
{
	struct compile_result r = { .outcome = SANDBOX_OK };
	int64_t start_ns = clock_now_ns();

	for (int i = 0; i < COMPILE_LAYOUTS_MAX; i++)
		r.images[i] = -1;
	int rc = compile_plan_check(request, e);
	if (rc < 0)
		return rc;
	if (request->source_bytes > COMPILE_SOURCE_MAX)
		refuse_size(&r);
	else
		rc = compile(&r, s, request, e);
	r.wall_ns = clock_now_ns() - start_ns;
	if (rc == 0)
		*out = r;
	else
		compile_result_release(&r);
	return rc;
}
