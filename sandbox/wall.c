#include "sandbox/wall.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fdio.h"
#include "sandbox/sandbox_parts.h"

extern const char box_embed_start[], box_embed_end[];

static const char *const common[] = {
	"--unshare-user",
	"--unshare-pid",
	"--unshare-ipc",
	"--unshare-uts",
	"--unshare-cgroup",
	"--unshare-net",
	"--disable-userns",
	"--uid",
	"65534",
	"--gid",
	"65534",
	"--cap-drop",
	"ALL",
	"--hostname",
	"box",
	"--die-with-parent",
	"--new-session",
	"--clearenv",
	"--as-pid-1",
	NULL,
};

void wall_init(struct wall *w, const struct sandbox *s, const int *fds, int fd_count)
{
	*w = (struct wall){ .own_policy = -1, .own_box = -1 };
	wall_add(w, s->bwrap);
	wall_add_all(w, common);
	for (int i = 0; i < fd_count && i < WALL_FDS_MAX - 2; i++)
		w->fds[w->fd_count++] = fds[i];
}

/*
 * Command lines are built from constants and a handful of paths, so the end is never reached; one
 * slot stays for NULL.
 */
void wall_add(struct wall *w, const char *argument)
{
	if (w->argc < WALL_ARGUMENTS_MAX - 1)
		w->argv[w->argc++] = argument;
}

void wall_add_all(struct wall *w, const char *const *arguments)
{
	while (*arguments)
		wall_add(w, *arguments++);
}

/* Hand fd to the box under the next free number, which text gets. */
static const char *number_for(struct wall *w, int fd, char text[12])
{
	snprintf(text, 12, "%d", 3 + w->fd_count);
	w->fds[w->fd_count++] = fd;
	return text;
}

/* The filter fits a pipe, which has no offset that launches could share. */
static int open_policy(const struct sandbox *s, enum policy_kind policy, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return err_errno(e, ERR_SANDBOX, "pipe");
	if (write(ends[1], s->policy[policy], s->policy_bytes[policy]) !=
		(ssize_t)s->policy_bytes[policy]) {
		close(ends[0]);
		ends[0] = err_errno(e, ERR_SANDBOX, "the filter does not fit a pipe");
	}
	close(ends[1]);
	return ends[0];
}

/* bubblewrap reads to the end of the file, so each launch needs an offset of its own. */
static int open_box(const struct sandbox *s, struct err *e)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/self/fd/%d", s->box_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	int rc = fdio_sealed(
		&fd, "box", box_embed_start, (size_t)(box_embed_end - box_embed_start), e);
	return rc < 0 ? rc : fd;
}

int wall_launch(struct launcher_process *out, struct wall *w, const struct sandbox *s,
	enum policy_kind policy, const char *folder, const char *mode, const cpu_set_t *cpus,
	int error_fd, struct err *e)
{
	int rc = w->own_policy = open_policy(s, policy, e);

	if (rc >= 0)
		rc = w->own_box = open_box(s, e);
	if (rc >= 0) {
		const char *tail[] = { "--seccomp", number_for(w, w->own_policy, w->numbers[0]),
			"--perms", "0555", "--ro-bind-data",
			number_for(w, w->own_box, w->numbers[1]), "/z", "--remount-ro", "/",
			"--chdir", folder, "--", "/z", mode, NULL };
		wall_add_all(w, tail);
		struct launcher_order order = { .argv = w->argv,
			.fds = w->fds,
			.fd_count = w->fd_count,
			.error_fd = error_fd,
			.cpus = *cpus };
		rc = launcher_start(out, s->launcher, &order, e);
	}
	if (w->own_policy >= 0)
		close(w->own_policy);
	if (w->own_box >= 0)
		close(w->own_box);
	return rc;
}
