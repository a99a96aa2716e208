/*
 * sandbox_parts.h - struct sandbox, for the files of this folder only. Read-only after
 * sandbox_open, apart from the processors the launching thread and the cache of units, which lock
 * themselves, so that several threads may compile through one sandbox.
 */
#pragma once

#include <sched.h>

#include "base/buffer.h"
#include "sandbox/cgroup.h"
#include "sandbox/launcher.h"
#include "sandbox/policy.h"
#include "sandbox/sandbox.h"
#include "sandbox/toolchain.h"

struct sandbox {
	char bwrap[512];
	struct toolchain tools;
	struct cgroup cgroup;
	struct launcher *launcher;
	void *policy[2]; /* owned BPF programs, by enum policy_kind */
	size_t policy_bytes[2];
	int box_fd; /* sealed memfd of the box program */
	cpu_set_t compile_cpus;
	struct buffer headers; /* the files of /p and /i, as in a plan */
	unsigned header_count;
	struct unit_cache *units; /* owned; locks itself */
};
