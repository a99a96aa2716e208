/*
 * launcher.h - starts bubblewrap: one thread that clones, shuts and execs, for every box of a
 * sandbox.
 *
 *   caller ──order──▶ launching thread ──clone3(VM|VFORK|PIDFD)──▶ drop root, pin, descriptors 0..n, exec bwrap
 *
 * A thread of its own, because --die-with-parent follows the thread that launched, not its process,
 * and because on cgroup v1 what the thread starts is born in its cgroup. vfork semantics, because a
 * copied address space would cost the driver page faults in the middle of its timings. Nothing
 * inherits: not one descriptor, signal or variable beyond the order.
 */
#pragma once

#include <sched.h>
#include <sys/types.h>

#include "sandbox/cgroup.h"

struct err;
struct launcher;

struct launcher_process {
	pid_t pid;
	int pidfd;
};

struct launcher_order {
	const char *const *argv; /* argv[0] is an absolute path; NULL-ended */
	const int *fds;          /* become 3, 4, ... */
	int fd_count;
	int error_fd; /* becomes 2 */
	cpu_set_t cpus;
};

/* drop_uid: the id that boxes get when we are root. g must outlive the launcher. */
int launcher_open(struct launcher **out, uid_t drop_uid, struct cgroup *g, struct err *e);
void launcher_close(struct launcher *l);
int launcher_start(struct launcher_process *out, struct launcher *l,
	const struct launcher_order *order, struct err *e);
/* Reap and forget a process that ends by itself. Returns the wait status. */
int launcher_wait(struct launcher_process *p);
/*
 * Kill, reap and forget; a pidfd of -1 is allowed. Returns the wait status, -1 where there was
 * none.
 */
int launcher_end(struct launcher_process *p);
