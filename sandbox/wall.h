/*
 * wall.h - the bubblewrap command line that every box has in common, and the descriptors that go
 * with it.
 *
 * Namespaces are spelt out, because --unshare-all means "try" and conflicts with --disable-userns.
 * The box program runs as pid 1 (--as-pid-1): without it bubblewrap's own reaper would run under
 * the filter and could be traced.
 */
#pragma once

#include "sandbox/launcher.h"
#include "sandbox/policy.h"

struct err;
struct sandbox;

enum { WALL_ARGUMENTS_MAX = 128, WALL_FDS_MAX = 24 };

struct wall {
	const char *argv[WALL_ARGUMENTS_MAX];
	int argc;
	int fds[WALL_FDS_MAX]; /* become 3, 4, ... in the box */
	int fd_count;
	int own_policy, own_box; /* descriptors of ours to close once the box is launched */
	char numbers[2][12];
};

/* Begin with the descriptors that the box program itself gets, in order. */
void wall_init(struct wall *w, const struct sandbox *s, const int *fds, int fd_count);
void wall_add(struct wall *w, const char *argument);             /* borrowed */
void wall_add_all(struct wall *w, const char *const *arguments); /* NULL-ended */
/*
 * Filter, box program at /z, read-only root, command; then launch. error_fd: the box's standard
 * error.
 */
int wall_launch(struct launcher_process *out, struct wall *w, const struct sandbox *s,
	enum policy_kind policy, const char *folder, const char *mode, const cpu_set_t *cpus,
	int error_fd, struct err *e);
