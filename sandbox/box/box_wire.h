/*
 * box_wire.h - what the box program and its driver say to each other. The box is embedded in the
 * binary that starts it, so both ends always come from one build; the version number only catches a
 * stale embed.
 *
 *   zygote:   driver ──struct box_order + descriptors──▶ zygote        (seqpacket, BOX_SOCKET)
 *             driver ◀──struct box_answer (+ pidfd)──── zygote
 *   child:    shared pages: struct box_request (sealed), struct box_ack (the child writes)
 *   compile:  driver ──a plan in a memfd──▶ box ──struct box_compiled──▶ driver
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define BOX_VERSION 1u
#define BOX_SOCKET 3 /* the descriptor of the socket in every mode */
#define BOX_PLAN 4   /* compile mode: the plan */
#define BOX_OUTPUT 5 /* compile mode: the first output memfd */
#define BOX_CALLS_MAX 4096
#define BOX_ENTRY_MAX 64
#define BOX_IMPORT_WORDS 4 /* 64 names each */
#define BOX_OUTPUTS_MAX 16
#define BOX_PAGE 4096u

/* ---- zygote ---- */
enum box_op { BOX_HELLO = 1, BOX_START, BOX_REAP };

/* Descriptors of a start, in this order. */
enum box_start_fd {
	BOX_FD_IMAGE,
	BOX_FD_REQUEST,
	BOX_FD_ACK,
	BOX_FD_ARGUMENTS,
	BOX_FD_RESULTS,
	BOX_FD_COUNT
};

struct box_order {
	uint32_t op;
	int32_t pid; /* reap: in the box's own numbering */
	/* Multiples of BOX_PAGE; no arena is 0. */
	uint64_t arguments_bytes, results_bytes, arena_bytes;
	int32_t cpu; /* -1: any */
	uint32_t spinning;
	uint32_t cpu_limit_s;
	char entry[BOX_ENTRY_MAX];
	uint64_t imports[BOX_IMPORT_WORDS]; /* bit k: name k of import_table.h is allowed */
};

struct box_answer {
	uint32_t op; /* of the order that it answers */
	uint32_t version;
	int32_t pid;
	int32_t error;  /* errno, 0 when it worked */
	int32_t status; /* reap: as from wait4 */
	uint32_t unused;
	int64_t cpu_ns;
	uint64_t peak_bytes;
};

/* ---- child ---- */
struct box_call {
	uint64_t argument_offset, result_offset;
};

struct box_request {
	_Atomic uint32_t seq; /* the doorbell, a futex */
	uint32_t count;
	uint64_t unused[7];
	struct box_call calls[BOX_CALLS_MAX];
};

enum box_state { BOX_STARTING, BOX_READY, BOX_REFUSED, BOX_BROKEN };

/*
 * Everything here is the candidate's to write once state is BOX_READY. The driver sleeps on door,
 * which holds tid | FUTEX_WAITERS while the child works: that is what the kernel expects of a
 * robust futex, so that the death of the child wakes the driver at once.
 */
struct box_ack {
	_Atomic uint32_t door;
	_Atomic uint32_t seq;
	_Atomic uint32_t asleep; /* spinning: the child gave up spinning and must be woken */
	_Atomic uint32_t state;  /* a futex until READY */
	uint32_t tid;            /* in the box's numbering */
	char reason[200];        /* why an image was refused; written before any of its code ran */
};

/* ---- compile ---- */
#define BOX_PLAN_MAGIC 0x4e4c5042u /* "BPLN" */
#define BOX_ARGUMENTS_MAX 256
#define BOX_LIMITS 9
/*
 * A plan is a struct box_plan and then, each text or block as u32 size and its bytes (texts with
 * their NUL):
 *   files × (name, block) │ steps × (u32 count, arguments) │ outputs × name │ measures × name
 * Files are written below the working folder, steps are run in order until one fails, outputs are
 * copied to the descriptors from BOX_OUTPUT on, measures name the objects whose section sizes are
 * added up.
 */
struct box_plan {
	uint32_t magic, version;
	uint32_t files, steps, outputs, measures;
	uint64_t output_bytes_max;
	struct {
		uint32_t resource, unused;
		uint64_t value;
	} limits[BOX_LIMITS];
};

enum box_failure {
	BOX_FAILED_NOT,
	BOX_FAILED_STEP,
	BOX_FAILED_OUTPUT,
	BOX_FAILED_OBJECT,
	BOX_FAILED_SELF
};

struct box_compiled {
	uint32_t version;
	uint32_t failure;    /* enum box_failure */
	uint32_t step;       /* the step or output that failed */
	int32_t status;      /* of the failed step, as from wait4; errno for BOX_FAILED_SELF */
	int64_t cpu_ns;      /* of all steps */
	int64_t step_cpu_ns; /* of the last step */
	uint64_t peak_bytes; /* the largest resident set of a step */
	uint64_t code_bytes, data_bytes;
	uint64_t output_bytes[BOX_OUTPUTS_MAX];
};
