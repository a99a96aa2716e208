#include "tests/support/boxes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"

static struct {
	struct sandbox *sandbox;
	struct run_box *run_box;
} boxes;

static int open_with(const struct sandbox_options *options)
{
	struct err e = { 0 };

	if (sandbox_open(&boxes.sandbox, options, &e) < 0 ||
		run_box_open(&boxes.run_box, boxes.sandbox, &e) < 0) {
		print_error("# %s\n", e.text);
		return -1;
	}
	return 0;
}

int boxes_open(void **state)
{
	(void)state;
	return open_with(NULL);
}

int boxes_open_with_attack_h(void **state)
{
	struct sandbox_options options = { .include_dir = "tests/escape/programs/include" };
	(void)state;

	return open_with(&options);
}

int boxes_close(void **state)
{
	(void)state;
	run_box_close(boxes.run_box);
	sandbox_close(boxes.sandbox);
	boxes.run_box = NULL;
	boxes.sandbox = NULL;
	return 0;
}

struct sandbox *boxes_sandbox(void)
{
	return boxes.sandbox;
}

struct run_box *boxes_run_box(void)
{
	return boxes.run_box;
}

struct compile_request boxes_request(const char *source, const char *adapter)
{
	struct compile_request r = { .source = source,
		.source_bytes = strlen(source),
		.flags = { "-O2" },
		.layout_count = 1 };

	if (adapter) {
		r.units[0] = (struct compile_unit){ "adapter.c", adapter, strlen(adapter) };
		r.unit_count = 1;
	}
	return r;
}

void boxes_compile(struct compile_result *out, const struct compile_request *request)
{
	struct err e = { 0 };

	if (compile_box_run(out, boxes.sandbox, request, &e) < 0)
		fail_msg("compile_box_run: %s", e.text);
}

int boxes_image(const char *source, const char *adapter)
{
	struct compile_request request = boxes_request(source, adapter);
	struct compile_result r;

	boxes_compile(&r, &request);
	if (r.outcome != SANDBOX_OK)
		fail_msg("%s: %s", sandbox_outcome_name(r.outcome), r.diagnostics);
	return r.images[0];
}

struct run_spec boxes_spec(int image)
{
	return (struct run_spec){ .tier = SANDBOX_STRICT,
		.image = image,
		.entry = "clade_call",
		.arguments_bytes = 65536,
		.results_bytes = 65536,
		.channel = RUN_BLOCKING,
		.cpu = -1 };
}

struct run_child *boxes_start(const struct run_spec *spec)
{
	enum sandbox_outcome outcome;
	struct run_child *c = NULL;
	struct err e = { 0 };
	char reason[256] = "";

	int rc = run_child_start(&c, boxes.run_box, spec, &outcome, reason, &e);
	if (rc < 0)
		fail_msg("run_child_start: %s", e.text);
	if (rc == 1)
		fail_msg("%s: %s", sandbox_outcome_name(outcome), reason);
	return c;
}

enum sandbox_outcome boxes_call(struct run_child *c, double *value)
{
	struct run_call call = { 0, 0 };
	struct run_crossing x;
	struct err e = { 0 };

	if (run_child_cross(&x, c, &call, 1, value, sizeof *value, 1000000000, &e) < 0)
		fail_msg("run_child_cross: %s", e.text);
	return x.outcome;
}
