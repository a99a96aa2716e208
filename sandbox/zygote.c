#include "sandbox/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/memory.h"
#include "sandbox/box/passing.h"
#include "sandbox/sandbox_parts.h"
#include "sandbox/wall.h"

enum { ANSWER_LIMIT_MS = 5000, MESSAGE_MAX = 400 };

struct zygote {
	int references;
	int socket;
	struct launcher_process process;
};

/* One answer, or the news that there will be none. */
static int hear(struct zygote *z, struct box_answer *answer, int *pidfd, struct err *e)
{
	struct pollfd polls[] = { { .fd = z->socket, .events = POLLIN },
		{ .fd = z->process.pidfd, .events = POLLIN } };
	int fds[PASSING_MAX], count, rc;

	do
		rc = poll(polls, 2, ANSWER_LIMIT_MS);
	while (rc < 0 && errno == EINTR);
	if (rc <= 0)
		return err_set(e, ERR_SANDBOX, "the zygote does not answer");
	if (!polls[0].revents ||
		passing_receive(z->socket, answer, sizeof *answer, fds, &count) !=
			(long)sizeof *answer)
		return err_set(e, ERR_SANDBOX, "the zygote ended");
	for (int i = 0; i < count; i++)
		if (i == 0 && pidfd)
			*pidfd = fds[0];
		else
			close(fds[i]);
	if (answer->version != BOX_VERSION)
		return err_set(e, ERR_SANDBOX, "the box program is of another version");
	return 0;
}

static int launch(
	struct zygote *z, const struct sandbox *s, int socket, int error_fd, struct err *e)
{
	cpu_set_t any;
	struct wall w;

	for (int i = 0; i < CPU_SETSIZE; i++)
		CPU_SET(i, &any);
	wall_init(&w, s, &socket, 1);
	return wall_launch(&z->process, &w, s, POLICY_ZYGOTE, "/", "zygote", &any, error_fd, e);
}

/* What bubblewrap wrote before it gave up, for the text. */
static int explain(int error_fd, struct err *e)
{
	char message[MESSAGE_MAX];
	ssize_t got = fcntl(error_fd, F_SETFL, O_NONBLOCK) ?
		-1 :
		read(error_fd, message, sizeof message - 1);

	while (got > 0 && message[got - 1] == '\n')
		got--;
	message[got > 0 ? got : 0] = '\0';
	return *message ? err_set(e, ERR_SANDBOX, "a run box cannot be started: %s", message) :
			  err_in(e, "a run box cannot be started");
}

int zygote_open(struct zygote **out, struct sandbox *s, struct err *e)
{
	struct zygote *z = memory_alloc(sizeof *z);
	int sockets[2] = { -1, -1 }, errors[2] = { -1, -1 };
	struct box_answer hello;
	int rc;

	*z = (struct zygote){ .references = 1, .socket = -1, .process = { -1, -1 } };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) ||
		pipe2(errors, O_CLOEXEC))
		rc = err_errno(e, ERR_SANDBOX, "the channels of a run box");
	else
		rc = launch(z, s, sockets[1], errors[1], e);
	z->socket = sockets[0];
	if (sockets[1] >= 0)
		close(sockets[1]);
	if (errors[1] >= 0)
		close(errors[1]);
	if (rc == 0) {
		rc = hear(z, &hello, NULL, e);
		if (rc < 0)
			rc = explain(errors[0], e);
	}
	if (errors[0] >= 0)
		close(errors[0]);
	if (rc < 0)
		zygote_release(z);
	else
		*out = z;
	return rc;
}

void zygote_hold(struct zygote *z)
{
	z->references++;
}

void zygote_release(struct zygote *z)
{
	if (!z || --z->references > 0)
		return;
	launcher_end(&z->process);
	if (z->socket >= 0)
		close(z->socket);
	free(z);
}

int zygote_ask(struct zygote *z, struct box_answer *answer, int *pidfd,
	const struct box_order *order, const int *fds, int fd_count, struct err *e)
{
	if (passing_send(z->socket, order, sizeof *order, fds, fd_count))
		return err_errno(e, ERR_SANDBOX, "the zygote cannot be reached");
	int rc = hear(z, answer, pidfd, e);
	if (rc < 0)
		return rc;
	if (answer->op != order->op)
		return err_set(e, ERR_SANDBOX, "the zygote answered another order");
	if (answer->error) {
		errno = answer->error;
		return err_errno(e, ERR_SANDBOX, "the zygote cannot %s",
			order->op == BOX_START ? "fork" : "reap");
	}
	return 0;
}
