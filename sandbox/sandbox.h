/*
 * sandbox.h - what every box shares: the host's means of isolation, tiers, outcomes.
 *
 *      worker (trusted) ── struct sandbox: bwrap, toolchain, uid to drop to, cgroup leaf
 *        │ compile_box.h: hostile text in, sealed memfds out         one bubblewrap per compile
 *        └ run_box.h:     hostile code, strict tier                  one bubblewrap per zygote, one fork per candidate
 *
 * There is no unsandboxed fallback: sandbox_open fails with ERR_SANDBOX and names what is missing and the mend.
 * Nothing that a box produced is parsed, loaded or executed outside a box; no host folder is writable from a box.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct sandbox;

enum sandbox_tier {
	SANDBOX_STRICT,      /* zygote, loader, futex and exit_group only: the tier that is timed */
	SANDBOX_EXEC,        /* a whole static program; not built yet, asking for it is ERR_UNSUPPORTED */
	SANDBOX_CHECKED,     /* dynamic, sanitizers, never timed; not built yet */
	SANDBOX_THREADED,    /* several threads; not built yet */
};

/* What became of code or text in a box: facts about the candidate, never our own failures (those are ERR_SANDBOX). */
enum sandbox_outcome {
	SANDBOX_OK,
	SANDBOX_COMPILE_ERROR,   /* the compiler refused the text */
	SANDBOX_LIMIT,           /* memory, output size, processes */
	SANDBOX_TIMEOUT,         /* wall clock or RLIMIT_CPU */
	SANDBOX_CRASH,           /* a signal, or an exit before the call was answered */
	SANDBOX_FORBIDDEN,       /* a system call, an import that is not allowed, an object that the loader refuses */
	SANDBOX_CHEAT,           /* the acknowledgement page holds what no honest run can write */
};
const char *sandbox_outcome_name(enum sandbox_outcome o);

struct sandbox_options {
	const char *compiler;    /* "gcc" or an absolute path of a gcc driver; NULL is gcc. cc1, as and ld are resolved from it. clang gives ERR_UNSUPPORTED for now */
	uid_t drop_uid;          /* when we are root: the id that boxes get on the host; 0 picks 'nobody'-like 65534 */
	const char *include_dir; /* bound read-only at /i and searched by the compiler; NULL for none */
};

int sandbox_open(struct sandbox **out, const struct sandbox_options *options, struct err *e);
void sandbox_close(struct sandbox *s);
/* "gcc (Debian 12.2.0-14) 12.2.0": the version line of the compiler that the boxes use. Borrowed. */
const char *sandbox_compiler_version(const struct sandbox *s);
/* The processors that compile boxes may use; a box never inherits the pin of a measuring worker. Default: all. */
void sandbox_set_compile_cpus(struct sandbox *s, const int *cpus, int count);

/* ---- doctor ---- */
enum sandbox_health { SANDBOX_GOOD, SANDBOX_WARN, SANDBOX_BAD };
struct sandbox_check {
	const char *name;        /* "bubblewrap", "user namespaces", "seccomp", "cgroup", "toolchain", "box program", "core pattern", ... */
	enum sandbox_health health;
	char detail[256];        /* what was found */
	char mend[512];          /* empty when good */
};
#define SANDBOX_CHECKS_MAX 16
/* Run every check for real (a compile box and a run box are started). Returns the number of checks written. */
int sandbox_doctor(struct sandbox_check checks[SANDBOX_CHECKS_MAX], const struct sandbox_options *options);
