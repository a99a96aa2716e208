#include "evaluators/lane.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/memory.h"

/*
 * Whoever has bound the name holds the lane. It also listens, and never accepts: a connection that
 * waits in its queue tells the asker the holder's pid (SO_PEERCRED of a connected stream is the
 * listener's). Only a wait that failed asks, so the queue lasts for a lane's short life.
 */
#define LANE_ASKERS_MAX 4096
#define LANE_POLL_NS 500000LL

struct lane {
	int fd;
};

static socklen_t lane_name(struct sockaddr_un *name, int cpu)
{
	int n;

	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	n = snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1, "clade/lane/cpu%d", cpu);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

/* 0 taken, 1 held by somebody. */
static int try_bind(int fd, int cpu, struct err *e)
{
	struct sockaddr_un name;
	socklen_t size = lane_name(&name, cpu);

	if (bind(fd, (struct sockaddr *)&name, size) < 0)
		return errno == EADDRINUSE ? 1 : err_errno(e, ERR_IO, "lane of cpu %d: bind", cpu);
	if (listen(fd, LANE_ASKERS_MAX) < 0)
		return err_errno(e, ERR_IO, "lane of cpu %d: listen", cpu);
	return 0;
}

static int busy(int cpu, struct err *e)
{
	int holder = lane_holder(cpu);

	if (holder > 0)
		return err_set(e, ERR_BUSY, "the timing lane of cpu %d is held by process %d", cpu,
			holder);
	return err_set(e, ERR_BUSY, "the timing lane of cpu %d is held by another process", cpu);
}

int lane_take(struct lane **out, int cpu, int64_t wait_ns, struct err *e)
{
	int64_t end = clock_now_ns() + wait_ns;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return err_errno(e, ERR_IO, "lane of cpu %d: socket", cpu);
	while ((rc = try_bind(fd, cpu, e)) == 1 && clock_now_ns() < end)
		clock_sleep_ns(LANE_POLL_NS);
	if (rc == 1)
		rc = busy(cpu, e);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	*out = memory_alloc(sizeof(**out));
	(*out)->fd = fd;
	return 0;
}

void lane_give(struct lane *l)
{
	if (!l)
		return;
	close(l->fd);
	free(l);
}

int lane_holder(int cpu)
{
	struct sockaddr_un name;
	socklen_t size = lane_name(&name, cpu);
	struct ucred peer = { 0 };
	socklen_t peer_size = sizeof(peer);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int holder = -1;

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&name, size) < 0)
		holder = errno == ECONNREFUSED ? 0 : -1;
	else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) == 0 && peer.pid > 0)
		holder = peer.pid;
	close(fd);
	return holder;
}
