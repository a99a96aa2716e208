#include "sandbox/compile_plan.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/text.h"
#include "sandbox/box/box_wire.h"
#include "sandbox/pad_object.h"
#include "sandbox/sandbox_parts.h"
#include "sandbox/unit_cache.h"

#define CANDIDATE "candidate.c"

/* One command line while it grows. */
struct step {
	const char *arguments[BOX_ARGUMENTS_MAX];
	unsigned count;
	bool full;
};

static void step_add(struct step *s, const char *argument)
{
	if (s->count == BOX_ARGUMENTS_MAX)
		s->full = true;
	else
		s->arguments[s->count++] = argument;
}

static void step_add_all(struct step *s, const char *const *arguments)
{
	while (*arguments)
		step_add(s, *arguments++);
}

static void add_u32(struct buffer *plan, uint32_t value)
{
	buffer_add(plan, &value, sizeof value);
}

void compile_plan_add_block(struct buffer *plan, const void *bytes, size_t size)
{
	add_u32(plan, (uint32_t)size);
	buffer_add(plan, bytes, size);
}

void compile_plan_add_text(struct buffer *plan, const char *text)
{
	compile_plan_add_block(plan, text, strlen(text) + 1);
}

static int add_step(struct buffer *plan, struct box_plan *head, const struct step *s, struct err *e)
{
	if (s->full)
		return err_set(e, ERR_ARGS,
			"a command line of the compile box has more than %d words",
			BOX_ARGUMENTS_MAX);
	add_u32(plan, s->count);
	for (unsigned i = 0; i < s->count; i++)
		compile_plan_add_text(plan, s->arguments[i]);
	head->steps++;
	return 0;
}

/* ---- checks ---- */

/*
 * Flags are trusted, but a campaign file or a mutator's table may hold a slip. Only what changes
 * code passes: nothing that loads plug-ins or files, writes other outputs, or changes what the
 * adapter relies on.
 */
static bool is_flag_allowed(const char *flag)
{
	static const char *const allowed[] = { "-O", "-f", "-m", "-std=", "--param=", "-D", "-U",
		"-ansi", NULL };
	static const char *const refused[] = {
		"-fplugin",
		"-fpreprocessed",
		"-fdump",
		"-flto",
		"-fprofile",
		"-fauto-profile",
		"-fstack-usage",
		"-fcallgraph",
		"-fdiagnostics",
		"-fsanitize",
		"-ftest-coverage",
		"-fopt-info",
		"-fsave",
		"-fsplit-stack",
		"-fpch",
		"-fworking-directory",
		"-finstrument",
		"-frecord",
		"-fverbose",
		"-fopenmp",
		"-fopenacc",
		"-fgnu-tm",
		"-fcf-protection",
		"-fno-pic",
		"-fno-PIC",
		"-fpie",
		"-fPIE",
		"-m32",
		"-mx32",
		"-m16",
		"-mcmodel=",
		NULL,
	};

	for (const char *const *r = refused; *r; r++)
		if (text_has_prefix(flag, *r))
			return false;
	for (const char *const *a = allowed; *a; a++)
		if (text_has_prefix(flag, *a))
			return true;
	return false;
}

static bool is_unit_name(const char *name)
{
	size_t bytes = name ? strlen(name) : 0;

	if (bytes < 3 || bytes > 60 || !isalnum((unsigned char)name[0]) ||
		strcmp(name + bytes - 2, ".c"))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("_-.", *name))
			return false;
	return true;
}

static int check_units(const struct compile_request *r, struct err *e)
{
	if (r->unit_count < 0 || r->unit_count > COMPILE_UNITS_MAX ||
		(r->candidate_included && !r->unit_count))
		return err_set(
			e, ERR_ARGS, "%d units, of at most %d", r->unit_count, COMPILE_UNITS_MAX);
	for (int i = 0; i < r->unit_count; i++) {
		const struct compile_unit *u = &r->units[i];
		if (!is_unit_name(u->name) || !strcmp(u->name, CANDIDATE) ||
			(!u->text && u->size) || u->size > COMPILE_SOURCE_MAX)
			return err_set(e, ERR_ARGS,
				"unit %d: its name must be a plain one ending in .c, its text at most %u KB",
				i, COMPILE_SOURCE_MAX >> 10);
		for (int k = 0; k < i; k++)
			if (!strcmp(u->name, r->units[k].name))
				return err_set(e, ERR_ARGS, "two units are called %s", u->name);
	}
	return 0;
}

int compile_plan_check(const struct compile_request *r, struct err *e)
{
	if (!r->source && r->source_bytes)
		return err_set(e, ERR_ARGS, "no source");
	if (r->layout_count < 1 || r->layout_count > COMPILE_LAYOUTS_MAX)
		return err_set(e, ERR_ARGS, "%d layouts, of 1 to %d", r->layout_count,
			COMPILE_LAYOUTS_MAX);
	for (int i = 0; i < r->layout_count; i++)
		if (r->layouts[i] % PAD_OBJECT_STEP || r->layouts[i] >= PAD_OBJECT_PAD_MAX)
			return err_set(e, ERR_ARGS, "layout %u is not a multiple of %d below %d",
				(unsigned)r->layouts[i], PAD_OBJECT_STEP, PAD_OBJECT_PAD_MAX);
	for (int i = 0; i < COMPILE_FLAGS_MAX && r->flags[i]; i++)
		if (!is_flag_allowed(r->flags[i]))
			return err_set(e, ERR_ARGS, "the flag %s is not one for the compile box",
				r->flags[i]);
	return check_units(r, e);
}

/* ---- steps ---- */

static void add_flags(struct step *s, const struct sandbox *box, const struct compile_request *r)
{
	for (int i = 0; i < COMPILE_FLAGS_MAX && r->flags[i]; i++) {
		if (!strcmp(r->flags[i], "-march=native")) {
			for (int k = 0; k < box->tools.native_count; k++)
				step_add(s, box->tools.native[k]);
		} else if (!strcmp(r->flags[i], "-mtune=native")) {
			step_add(s, box->tools.native_tune);
		} else {
			step_add(s, r->flags[i]);
		}
	}
}

/* cc1, then as. in_unit: the candidate is to be found by #include CLADE_CANDIDATE. */
static int add_unit(struct buffer *plan, struct box_plan *head, const struct sandbox *box,
	const struct compile_request *r, const char *name, struct err *e)
{
	static const char *const fixed[] = {
		"-fPIC",
		"-fvisibility=hidden",
		"-fno-asynchronous-unwind-tables",
		"-fno-stack-protector",
		"-fno-ident",
		"-frandom-seed=clade",
		"-fmax-errors=3",
		"-fmax-include-depth=8",
		"-w",
		"-fno-diagnostics-show-caret",
		"-iquote",
		"/w/i",
		"-isystem",
		"/w/i",
		"-isystem",
		"/w/p",
		"-isystem",
		NULL,
	};
	char assembly[80], object[80];
	struct step s = { .count = 0 };

	snprintf(assembly, sizeof assembly, "%s.s", name);
	snprintf(object, sizeof object, "%s.o", name);
	step_add_all(&s, (const char *const[]){ box->tools.cc1, "-quiet", "-nostdinc", NULL });
	add_flags(&s, box, r);
	step_add_all(&s, fixed);
	step_add(&s, box->tools.include_dir);
	if (r->candidate_included)
		step_add(&s, "-DCLADE_CANDIDATE=\"" CANDIDATE "\"");
	step_add_all(&s, (const char *const[]){ name, "-o", assembly, NULL });
	int rc = add_step(plan, head, &s, e);
	s.count = 0;
	step_add_all(&s,
		(const char *const[]){
			box->tools.as, "--noexecstack", "-o", object, assembly, NULL });
	return rc < 0 ? rc : add_step(plan, head, &s, e);
}

static int add_link(struct buffer *plan, struct box_plan *head, const struct sandbox *box,
	const struct compile_request *r, int layout, struct err *e)
{
	static const char *const fixed[] = {
		"-shared",
		"--no-undefined-version",
		"-z",
		"noexecstack",
		"-z",
		"norelro",
		"-z",
		"text",
		"--hash-style=sysv",
		"--build-id=none",
		"--no-warn-rwx-segments",
		"-s",
		"-o",
		NULL,
	};
	char image[32], pad[32], objects[COMPILE_UNITS_MAX][80];
	struct step s = { .count = 0 };

	snprintf(image, sizeof image, "image%d", layout);
	snprintf(pad, sizeof pad, "pad%d.o", layout);
	step_add(&s, box->tools.ld);
	step_add_all(&s, fixed);
	step_add_all(&s, (const char *const[]){ image, pad, NULL });
	if (!r->candidate_included)
		step_add(&s, CANDIDATE ".o");
	for (int i = 0; i < r->unit_count; i++) {
		snprintf(objects[i], sizeof objects[i], "%s.o", r->units[i].name);
		step_add(&s, objects[i]);
	}
	return add_step(plan, head, &s, e);
}

/* The candidate first: what fails to compile should fail before the trusted units cost anything. */
static int add_steps(struct buffer *plan, struct box_plan *head, const struct sandbox *box,
	const struct compile_request *r, const struct unit_objects *objects, struct err *e)
{
	int rc = r->candidate_included ? 0 : add_unit(plan, head, box, r, CANDIDATE, e);

	for (int i = 0; i < r->unit_count && rc == 0 && !objects; i++)
		rc = add_unit(plan, head, box, r, r->units[i].name, e);
	for (int i = 0; i < r->layout_count && rc == 0; i++)
		rc = add_link(plan, head, box, r, i, e);
	return rc;
}

/* ---- the rest ---- */

static void add_file(struct buffer *plan, struct box_plan *head, const char *name,
	const void *bytes, size_t size)
{
	compile_plan_add_text(plan, name);
	compile_plan_add_block(plan, bytes, size);
	head->files++;
}

static void add_headers(struct buffer *plan, struct box_plan *head, const struct sandbox *box)
{
	buffer_add(plan, box->headers.bytes, box->headers.size);
	head->files += box->header_count;
}

static void add_units(struct buffer *plan, struct box_plan *head, const struct compile_request *r,
	const struct unit_objects *objects)
{
	char name[80];

	for (int i = 0; i < r->unit_count; i++) {
		snprintf(name, sizeof name, "%s%s", r->units[i].name, objects ? ".o" : "");
		add_file(plan, head, name, objects ? objects->bytes[i] : r->units[i].text,
			objects ? objects->size[i] : r->units[i].size);
	}
}

static void add_pads(struct buffer *plan, struct box_plan *head, const struct compile_request *r)
{
	char pad[PAD_OBJECT_BYTES_MAX], name[32];

	for (int i = 0; i < r->layout_count; i++) {
		snprintf(name, sizeof name, "pad%d.o", i);
		add_file(plan, head, name, pad, pad_object_make(pad, r->layouts[i]));
	}
}

static bool names_candidate(const struct compile_unit *u)
{
	return memmem(u->text, u->size, "CLADE_CANDIDATE", strlen("CLADE_CANDIDATE")) != NULL;
}

static void add_results(struct buffer *plan, struct box_plan *head, const struct compile_request *r)
{
	char name[80];

	for (int i = 0; i < r->layout_count; i++, head->outputs++) {
		snprintf(name, sizeof name, "image%d", i);
		compile_plan_add_text(plan, name);
	}
	if (!r->candidate_included) {
		compile_plan_add_text(plan, CANDIDATE ".o");
		head->measures++;
	}
	for (int i = 0; i < r->unit_count && r->candidate_included; i++)
		if (names_candidate(&r->units[i])) {
			snprintf(name, sizeof name, "%s.o", r->units[i].name);
			compile_plan_add_text(plan, name);
			head->measures++;
		}
}

static void set_limits(struct box_plan *head)
{
	static const struct {
		uint32_t resource;
		uint64_t value;
	} rows[BOX_LIMITS] = {
		{ RLIMIT_NPROC, COMPILE_PLAN_PROCESSES },
		{ RLIMIT_AS, COMPILE_PLAN_MEMORY_BYTES },
		{ RLIMIT_FSIZE, COMPILE_PLAN_FILE_BYTES },
		{ RLIMIT_CPU, COMPILE_PLAN_CPU_S },
		/* 1 and not 0: a piped core_pattern ignores 0, and takes 1 for "no pipe" */
		{ RLIMIT_CORE, 1 },
		{ RLIMIT_NOFILE, 64 },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_MSGQUEUE, 0 },
		{ RLIMIT_STACK, 64u << 20 },
	};

	for (int i = 0; i < BOX_LIMITS; i++) {
		head->limits[i].resource = rows[i].resource;
		head->limits[i].value = rows[i].value;
	}
}

static void begin(struct buffer *plan, struct box_plan *head)
{
	*head = (struct box_plan){ .magic = BOX_PLAN_MAGIC,
		.version = BOX_VERSION,
		.output_bytes_max = COMPILE_IMAGE_MAX };
	set_limits(head);
	buffer_add(plan, head, sizeof *head);
}

/* The counts in the head are known only now. */
static int finish(struct buffer *plan, const struct box_plan *head, struct err *e)
{
	if (plan->full)
		return err_set(e, ERR_ARGS, "the request is larger than %u MB",
			COMPILE_PLAN_BYTES_MAX >> 20);
	memcpy(plan->bytes, head, sizeof *head);
	return 0;
}

int compile_plan_make(struct buffer *out, const struct sandbox *s,
	const struct compile_request *request, const struct unit_objects *objects, struct err *e)
{
	struct box_plan head;

	begin(out, &head);
	add_headers(out, &head, s);
	add_file(out, &head, CANDIDATE, request->source, request->source_bytes);
	add_units(out, &head, request, objects);
	add_pads(out, &head, request);
	int rc = add_steps(out, &head, s, request, objects, e);
	if (rc < 0)
		return rc;
	add_results(out, &head, request);
	return finish(out, &head, e);
}

int compile_plan_make_units(struct buffer *out, const struct sandbox *s,
	const struct compile_request *request, struct err *e)
{
	struct box_plan head;
	char name[80];
	int rc = 0;

	begin(out, &head);
	add_headers(out, &head, s);
	add_units(out, &head, request, NULL);
	for (int i = 0; i < request->unit_count && rc == 0; i++)
		rc = add_unit(out, &head, s, request, request->units[i].name, e);
	for (int i = 0; i < request->unit_count; i++, head.outputs++) {
		snprintf(name, sizeof name, "%s.o", request->units[i].name);
		compile_plan_add_text(out, name);
	}
	return rc < 0 ? rc : finish(out, &head, e);
}
