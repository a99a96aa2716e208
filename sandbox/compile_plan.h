/*
 * compile_plan.h - from a compile request to the plan that the box program follows
 * (box/box_wire.h): files, command lines, outputs. Everything on a command line is a constant, a
 * path of the toolchain or a checked flag of the request.
 */
#pragma once

#include <stddef.h>

#include "sandbox/compile_box.h"

/* In the box, and what it costs it: reference notes on sandboxing, section 5. */
#define COMPILE_PLAN_CPU_S 5
#define COMPILE_PLAN_MEMORY_BYTES (512u << 20)
#define COMPILE_PLAN_FILE_BYTES (16u << 20)
#define COMPILE_PLAN_PROCESSES 8
#define COMPILE_PLAN_SCRATCH_BYTES "67108864" /* of the tmpfs at /w */
#define COMPILE_PLAN_BYTES_MAX (8u << 20)

struct buffer;
struct err;
struct unit_objects;
/*
 * The building blocks of a plan, for whoever adds files to one. A buffer that gets full says so in
 * its full member.
 */
void compile_plan_add_block(struct buffer *plan, const void *bytes, size_t size);
void compile_plan_add_text(struct buffer *plan, const char *text);
/* ERR_ARGS names what is wrong with the request. */
int compile_plan_check(const struct compile_request *request, struct err *e);
/* Candidate to images. objects: the finished units, or NULL to compile them in the same box. */
int compile_plan_make(struct buffer *out, const struct sandbox *s,
	const struct compile_request *request, const struct unit_objects *objects, struct err *e);
/* The trusted units alone, to objects. */
int compile_plan_make_units(struct buffer *out, const struct sandbox *s,
	const struct compile_request *request, struct err *e);
