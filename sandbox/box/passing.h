/*
 * passing.h - one message with descriptors over the box's seqpacket socket. Inline, because the box
 * program and the binary that embeds it are two programs without a library between them.
 */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#define PASSING_MAX 8

union passing_control {
	char bytes[CMSG_SPACE(PASSING_MAX * sizeof(int))];
	struct cmsghdr align;
};

/*
 * Bytes received, 0 at end of file, -1 on an error. fds gets at most PASSING_MAX descriptors,
 * *count how many.
 */
static inline long passing_receive(
	int socket, void *bytes, size_t size, int fds[PASSING_MAX], int *count)
{
	union passing_control control;
	struct iovec io = { bytes, size };
	struct msghdr m = { .msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control };
	long got;

	*count = 0;
	do
		got = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		*count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), (size_t)*count * sizeof(int));
	}
	return got;
}

/* 0, or -1. */
static inline int passing_send(
	int socket, const void *bytes, size_t size, const int *fds, int count)
{
	union passing_control control;
	struct iovec io = { (void *)(size_t)bytes, size };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
	long sent;

	if (count > 0) {
		memset(&control, 0, sizeof control);
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, (size_t)count * sizeof(int));
	}
	do
		sent = sendmsg(socket, &m, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == (long)size ? 0 : -1;
}
