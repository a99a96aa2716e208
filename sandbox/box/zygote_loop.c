#include "sandbox/box/zygote_loop.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/box/box_wire.h"
#include "sandbox/box/box_child.h"
#include "sandbox/box/passing.h"
#include "sandbox/box/strict.h"

enum { CHILDREN_MAX = 256 };

static void limit_self(void)
{
	strict_limit(RLIMIT_NPROC, CHILDREN_MAX);
	strict_limit(RLIMIT_FSIZE, 0);
	strict_limit(RLIMIT_CORE, 0);
	strict_limit(RLIMIT_NOFILE, 64);
	strict_limit(RLIMIT_MEMLOCK, 0);
	strict_limit(RLIMIT_MSGQUEUE, 0);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		_exit(113);
}

static int start(
	const struct box_order *order, const int *fds, struct box_answer *answer, int *pidfd)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)pidfd, .exit_signal = SIGCHLD
	};
	long pid = syscall(SYS_clone3, &args, sizeof args);

	if (pid == 0)
		box_child_live(order, fds);
	answer->pid = (int32_t)pid;
	answer->error = pid < 0 ? errno : 0;
	return pid < 0 ? -1 : 0;
}

static void reap(const struct box_order *order, struct box_answer *answer)
{
	struct rusage used;
	int status = 0;

	memset(&used, 0, sizeof used);
	answer->pid = wait4(order->pid, &status, 0, &used);
	answer->error = answer->pid < 0 ? errno : 0;
	answer->status = status;
	answer->cpu_ns = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000000) +
		(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * INT64_C(1000);
	answer->peak_bytes = (uint64_t)used.ru_maxrss * 1024;
}

int zygote_loop_run(void)
{
	struct box_answer answer = { .op = BOX_HELLO, .version = BOX_VERSION };

	limit_self();
	if (passing_send(BOX_SOCKET, &answer, sizeof answer, NULL, 0))
		return 1;
	for (;;) {
		struct box_order order;
		int fds[PASSING_MAX], count, pidfd = -1;
		if (passing_receive(BOX_SOCKET, &order, sizeof order, fds, &count) !=
			(long)sizeof order)
			return 0;
		answer = (struct box_answer){ .op = order.op, .version = BOX_VERSION };
		if (order.op == BOX_START && count == BOX_FD_COUNT)
			start(&order, fds, &answer, &pidfd);
		else if (order.op == BOX_REAP)
			reap(&order, &answer);
		else
			answer.error = EPROTO;
		for (int i = 0; i < count; i++)
			close(fds[i]);
		if (passing_send(BOX_SOCKET, &answer, sizeof answer, &pidfd, pidfd >= 0))
			return 1;
		if (pidfd >= 0)
			close(pidfd);
	}
}
