#include "evaluators/compile_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/clade_adapter.h" /* so that a change of the embedded text rebuilds this file */
#include "evaluators/cost.h"

#define UNIT_BYTES_MAX (1u << 20)
#define ADAPTER_HEADER "clade_adapter.h"

/* The box has no file of the host to include, so the header travels inside each trusted unit. */
__asm__(".section .rodata\n"
	"adapter_text:\n"
	".incbin \"evaluators/clade_adapter.h\"\n"
	"adapter_text_end:\n"
	".previous\n");
extern const char adapter_text[] __attribute__((visibility("hidden")));
extern const char adapter_text_end[] __attribute__((visibility("hidden")));

/* Code at cache-line boundaries: narrows the lottery of layout (measuring note, section 2.6). */
static const char *const alignment_flags[] = { "-falign-functions=64", "-falign-loops=64",
	"-falign-jumps=64" };

/*
 * The tuning build: constants are read from the front of every argument block, so one image serves
 * every step of the tuner. Sizes stand in job.h (JOB_CONSTANTS_MAX) and host.h (HOST_PREFIX_BYTES).
 */
static const char tune_text[] =
	"__attribute__((visibility(\"hidden\"))) double clade_constants[64];\n"
	"void clade_call(const void *arguments, void *results);\n"
	"__attribute__((visibility(\"default\"), used)) void clade_tune_call(const void *arguments, void *results)\n"
	"{\n"
	"\tfor (int i = 0; i < 64; i++)\n"
	"\t\tclade_constants[i] = ((const double *)arguments)[i];\n"
	"\tclade_call((const char *)arguments + 512, results);\n"
	"}\n";

static const char null_text[] =
	"__attribute__((visibility(\"default\"), used)) void clade_call(const void *arguments, void *results)\n"
	"{\n"
	"\t(void)arguments;\n"
	"\t(void)results;\n"
	"}\n";

/* ---- units ---- */

/* The line that includes the adapter header, or NULL; *line counts from 1. */
static const char *find_include(const char *text, int *line)
{
	*line = 1;
	for (const char *at = text; at && *at; at = strchr(at, '\n')) {
		if (*at == '\n') {
			at++;
			++*line;
		}
		if (strncmp(at, "#include", 8) == 0 &&
			strncmp(at + 8 + strspn(at + 8, " \t"), "\"" ADAPTER_HEADER "\"",
				sizeof(ADAPTER_HEADER) + 1) == 0)
			return at;
	}
	return NULL;
}

static char *expand(const char *name, const char *text)
{
	int line;
	const char *include = find_include(text, &line);
	size_t header_size = (size_t)(adapter_text_end - adapter_text);

	if (!include)
		return text_copy(text);
	return text_format("%.*s#line 1 \"%s\"\n%.*s\n#line %d \"%s\"%s", (int)(include - text),
		text, ADAPTER_HEADER, (int)header_size, adapter_text, line + 1, name,
		include + strcspn(include, "\n"));
}

static int add_unit(struct rig *r, const char *name, struct err *e)
{
	char *path = text_format("%s/%s", r->configure->problem_dir, name), *text = NULL;
	size_t size;
	int rc = 0;

	if (strchr(name, '/') || r->unit_count >= COMPILE_UNITS_MAX - 1)
		rc = err_set(e, ERR_ARGS,
			"support file %s: at most %d plain names in the problem folder", name,
			COMPILE_UNITS_MAX - 2);
	if (rc == 0)
		rc = fdio_read_file(&text, &size, path, UNIT_BYTES_MAX, e);
	if (rc == 0) {
		struct compile_unit *unit = &r->units[r->unit_count++];

		unit->name = text_copy(name);
		unit->text = expand(name, text);
		unit->size = strlen(unit->text);
	}
	free(text);
	free(path);
	return rc;
}

int compile_stage_units(struct rig *r, struct err *e)
{
	int rc = add_unit(r, "adapter.c", e);

	for (int i = 0; rc == 0 && r->configure->support[i]; i++)
		rc = add_unit(r, r->configure->support[i], e);
	return rc;
}

/* ---- the request ---- */

/*
 * A gene may tune code generation and nothing else: no file names, plug-ins, dumps, profiles or
 * other outputs. The box would contain them; this keeps a program's flags meaningful as build
 * advice.
 */
static bool gene_is_allowed(const char *flag)
{
	static const char *const refused[] = { "plugin", "dump", "profile", "preprocessed", "lto",
		"sanitize", "stack-usage", "callgraph", "compare-debug", "instrument", "prefix-map",
		"random-seed", "save", "opt-info", "wpa", "ltrans", "syntax-only", "split-stack",
		"pch", "pic", "PIC", "pie", "PIE", "cf-protection", "-m32", "-mx32", "-m16",
		"cmodel", "verbose", "record", "openmp", "openacc", "gnu-tm", "coverage",
		"diagnostics", "working-directory" };

	if (strncmp(flag, "-O", 2) != 0 && strncmp(flag, "-f", 2) != 0 &&
		strncmp(flag, "-m", 2) != 0 && strncmp(flag, "--param=", 8) != 0)
		return false;
	if (strlen(flag) > 80 ||
		flag[strspn(flag,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-=_+.,")] !=
			0)
		return false;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (strstr(flag, refused[i]))
			return false;
	}
	return true;
}

static const char *forbidden_gene(const struct job_program *p)
{
	for (int i = 0; i < JOB_FLAGS_MAX && p->flags[i]; i++) {
		if (!gene_is_allowed(p->flags[i]))
			return p->flags[i];
	}
	return NULL;
}

static int add_flags(
	struct compile_request *q, int *count, const char *const *flags, int most, struct err *e)
{
	for (int i = 0; i < most && flags[i]; i++) {
		if (*count >= COMPILE_FLAGS_MAX - 1)
			return err_set(
				e, ERR_LIMIT, "more than %d compiler flags", COMPILE_FLAGS_MAX - 1);
		q->flags[(*count)++] = flags[i];
	}
	return 0;
}

static int build_request(struct compile_request *q, const struct rig *r,
	const struct job_program *p, bool tuned, struct err *e)
{
	int flags = 0, rc;

	*q = (struct compile_request){ .source = p->source,
		.source_bytes = p->source_bytes,
		.candidate_included = r->configure->candidate_included };
	for (int i = 0; i < r->unit_count; i++)
		q->units[q->unit_count++] = r->units[i];
	if (tuned)
		q->units[q->unit_count++] =
			(struct compile_unit){ "tune.c", tune_text, sizeof(tune_text) - 1 };
	rc = add_flags(q, &flags, (const char *const *)r->configure->flags, JOB_FLAGS_MAX, e);
	if (rc == 0)
		rc = add_flags(q, &flags, alignment_flags, 3, e);
	if (rc == 0)
		rc = add_flags(q, &flags, p->flags, JOB_FLAGS_MAX, e);
	return rc;
}

static enum verdict verdict_of(enum sandbox_outcome outcome)
{
	switch (outcome) {
	case SANDBOX_OK:
		return VERDICT_OK;
	case SANDBOX_LIMIT:
		return VERDICT_LIMIT;
	case SANDBOX_TIMEOUT:
		return VERDICT_TIMEOUT;
	case SANDBOX_FORBIDDEN:
		return VERDICT_FORBIDDEN;
	default:
		return VERDICT_COMPILE_ERROR; /* refused, or the compiler itself died of the text */
	}
}

static char *reason_of(const struct compile_result *c)
{
	if (c->diagnostics[0])
		return text_copy(c->diagnostics);
	switch (c->outcome) {
	case SANDBOX_CRASH:
		return text_copy("the compiler crashed on it");
	case SANDBOX_TIMEOUT:
		return text_copy("compiling took too long");
	case SANDBOX_LIMIT:
		return text_copy("compiling took too much memory or output");
	default:
		return text_format("compiling ended as %s", sandbox_outcome_name(c->outcome));
	}
}

/* ---- running ---- */

static int take_image(struct job_compile_result *out, struct rig *r,
	const struct compile_result *compiled, struct err *e)
{
	size_t size;
	int rc;

	free(r->image_bytes);
	r->image_bytes = NULL;
	rc = fdio_read_fd(&r->image_bytes, &size, compiled->images[0], COMPILE_IMAGE_MAX, e);
	if (rc < 0)
		err_in(e, "image");
	else
		out->image = (struct frame_blob){ r->image_bytes, size };
	return rc;
}

int compile_stage_run(
	struct job_compile_result *out, struct rig *r, const struct job_compile *job, struct err *e)
{
	struct job_compile_result result = { .verdict = VERDICT_OK };
	struct cost_meter meter = cost_start();
	const char *gene = forbidden_gene(&job->program);
	struct compile_request request;
	struct compile_result compiled;
	int rc;

	if (gene) {
		*out = (struct job_compile_result){ .verdict = VERDICT_FORBIDDEN,
			.reason = text_format("the flag %s is not a code generation flag", gene) };
		return 0;
	}
	rc = build_request(&request, r, &job->program, job->constants > 0, e);
	if (rc < 0)
		return rc;
	request.layout_count = 1;
	rc = compile_box_run(&compiled, r->sandbox, &request, e);
	if (rc < 0)
		return rc;
	result.verdict = verdict_of(compiled.outcome);
	result.code_bytes = (int64_t)compiled.code_bytes;
	result.data_bytes = (int64_t)compiled.data_bytes;
	if (result.verdict == VERDICT_OK)
		rc = take_image(&result, r, &compiled, e);
	else
		result.reason = reason_of(&compiled);
	cost_add(result.costs, &result.cost_count, CASCADE_COMPILE, meter, compiled.cpu_ns);
	compile_result_release(&compiled);
	if (rc == 0)
		*out = result;
	return rc;
}

int compile_stage_layouts(struct compile_result *out, struct rig *r,
	const struct job_program *program, const uint32_t *layouts, int layout_count,
	enum verdict *verdict, char **reason, struct err *e)
{
	const char *gene = forbidden_gene(program);
	struct compile_result compiled;
	struct compile_request request;
	int rc;

	if (gene) {
		*verdict = VERDICT_FORBIDDEN;
		*reason = text_format("the flag %s is not a code generation flag", gene);
		return 1;
	}
	rc = build_request(&request, r, program, false, e);
	if (rc < 0)
		return rc;
	memcpy(request.layouts, layouts, (size_t)layout_count * sizeof(*layouts));
	request.layout_count = layout_count;
	rc = compile_box_run(&compiled, r->sandbox, &request, e);
	if (rc < 0)
		return rc;
	if (compiled.outcome == SANDBOX_OK) {
		*out = compiled;
		return 0;
	}
	*verdict = verdict_of(compiled.outcome);
	*reason = reason_of(&compiled);
	compile_result_release(&compiled);
	return 1;
}

int compile_stage_null(int *image, struct rig *r, struct err *e)
{
	struct compile_request request = { .source = null_text,
		.source_bytes = sizeof(null_text) - 1,
		.flags = { "-O2" },
		.layout_count = 1 };
	struct compile_result compiled;
	int rc = compile_box_run(&compiled, r->sandbox, &request, e);

	if (rc < 0)
		return rc;
	if (compiled.outcome != SANDBOX_OK)
		rc = err_set(e, ERR_SANDBOX, "the empty entry does not compile: %s",
			compiled.diagnostics);
	else {
		*image = compiled.images[0];
		compiled.images[0] = -1;
	}
	compile_result_release(&compiled);
	return rc;
}
