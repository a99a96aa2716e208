/*
 * run_box.h - hostile code behind the strict tier, and the crossing.
 *
 *   worker ──seqpacket──▶ zygote (pid 1 of a bubblewrap, empty read-only root, seccomp)
 *      │                    └ fork per candidate: map shared regions, load the image with our own loader (no ld.so, no
 *      │                      constructors, no IFUNC, no TLS, import allow-list), close every descriptor, limits, filter:
 *      │                      futex(WAIT|WAKE) and exit_group are all that is left
 *      └── shared memory: request (sealed), arguments (sealed), results, acknowledgement
 *
 * One crossing = publish a batch of calls, wake, wait, copy the results, stop the clock. Only the copy is ever looked at.
 * Facts and numbers: reference notes on sandboxing (sections 3-8) and measuring (section 2.8).
 */
#pragma once

#include "sandbox/sandbox.h"

struct run_box;      /* a zygote */
struct run_child;    /* one candidate */

#define RUN_CALLS_MAX 4096
#define RUN_REGION_MAX (256u << 20)      /* bytes of an argument or result region */
#define RUN_IMPORTS_MAX 64

enum run_channel {
	RUN_BLOCKING,    /* futex both ways: driver and candidate on one CPU, 4 us a crossing */
	RUN_SPINNING,    /* spin both ways, the candidate on a second leased CPU: 0.1-0.5 us a crossing */
};

/* A zygote serves many children, several alive at once (a duel has two or three). It is replaced inside after every 1000 children or any anomaly. */
int run_box_open(struct run_box **out, struct sandbox *s, struct err *e);
void run_box_close(struct run_box *b);

struct run_spec {
	enum sandbox_tier tier;              /* SANDBOX_STRICT, else ERR_UNSUPPORTED */
	int image;                           /* sealed memfd of a compile box */
	const char *entry;                   /* "clade_call" */
	const char *const *imports;          /* libc and libm functions that the image may import, NULL-ended; each must be one that run_box_import_known() has */
	size_t arguments_bytes;              /* region sizes; the child maps them with a guard page on both ends */
	size_t results_bytes;
	size_t arena_bytes;                  /* heap behind malloc, 0 for none */
	enum run_channel channel;
	int cpu;                             /* the child is pinned there; -1 not pinned */
	int64_t cpu_limit_ns;                /* RLIMIT_CPU backstop, rounded up to s; 0: 10 s */
};

/* Import names that the loader can resolve at all (memcpy, exp, sqrt, malloc where there is an arena, ...). */
bool run_box_import_known(const char *name);

/*
 * Start one candidate and wait until it stands ready. 0 and *out set, or 1 and *out untouched when the candidate is refused or died
 * on the way (*outcome says how: SANDBOX_FORBIDDEN for an object that the loader refuses, reason filled), or ERR_SANDBOX.
 */
int run_child_start(struct run_child **out, struct run_box *b, const struct run_spec *spec, enum sandbox_outcome *outcome, char reason[256], struct err *e);
/* Kill, reap, free. NULL is allowed. */
void run_child_end(struct run_child *c);

/* The driver's writable views. Regions are kept from crossing to crossing; whoever fills them poisons results first. */
void *run_child_arguments(struct run_child *c);
void *run_child_results(struct run_child *c);

struct run_call { uint64_t argument_offset, result_offset; };   /* into the two regions */

struct run_crossing {
	enum sandbox_outcome outcome;
	int64_t wall_ns;         /* doorbell to copy done */
	int64_t idle_cpu_ns;     /* CPU time that the child burnt since the last crossing ended (it should sleep): the audit of invariant iv; 0 where it cannot be read */
	int64_t child_cpu_ns;    /* CPU time within the crossing */
};

/*
 * Cross once: the child runs entry(arguments + a_i, results + r_i) for each call in order. When it acknowledges, the first
 * copy_bytes of the results region are copied into copy inside the clock. The wait ends after limit_ns (outcome SANDBOX_TIMEOUT, child is
 * dead afterwards) or when the child dies (pidfd polled; outcome SANDBOX_CRASH, or SANDBOX_FORBIDDEN for SIGSYS).
 * Before the doorbell the driver waits until the child is asleep in its futex (blocking channel).
 * 0 when a crossing was attempted, whatever its outcome; ERR_SANDBOX otherwise.
 */
int run_child_cross(struct run_crossing *out, struct run_child *c, const struct run_call *calls, int count, void *copy, size_t copy_bytes, int64_t limit_ns, struct err *e);
/*
 * Blocking channel: wait, at most limit_ns, until the child sleeps in its futex, asked of the kernel. Then it cannot run before the next doorbell, so
 * that arguments may be written which it must not see early. false: it does not go to sleep, or is dead.
 */
bool run_child_rest(struct run_child *c, int64_t limit_ns);
/* A child that ended: what it was and the resources that it used. */
enum sandbox_outcome run_child_outcome(const struct run_child *c);
pid_t run_child_pid(const struct run_child *c);      /* in the host's pid namespace, for tests */
