#include "sandbox/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/memory.h"

enum { STACK_BYTES = 256 << 10, FDS_MAX = 32, PARKED = 200 };

struct launcher {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;                /* both ways: a new order, an order done */
	const struct launcher_order *order; /* borrowed while it is served */
	struct launcher_process process;
	int error;          /* errno of the order that was served */
	const char *failed; /* the step that failed, for the text */
	bool done, stop;
	uid_t drop_uid; /* 0: stay who we are */
	struct cgroup *cgroup;
	char *stack; /* of the child until it execs */
};

/*
 * ---- between clone and exec: on its own stack, in the parent's memory; raw calls that touch no
 * shared state ---- The address sanitizer takes no notice of these frames: what it marked there
 * would outlive them, for exec does not return.
 */
#define UNSANITIZED __attribute__((no_sanitize("address")))

UNSANITIZED static _Noreturn void fail(struct launcher *l, const char *step)
{
	l->error = errno ? errno : EINVAL;
	l->failed = step;
	_exit(127);
}

/* Raw calls: glibc's wrappers would change the credentials of every thread of the parent. */
UNSANITIZED static void drop_root(struct launcher *l)
{
	uid_t id = l->drop_uid;

	if (!id)
		return;
	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, id, id, id) ||
		syscall(SYS_setresuid, id, id, id))
		fail(l, "root cannot become an unprivileged id here, run as an ordinary user");
}

/* Park the wanted descriptors high, then lay them out as 0, 1, 2, 3, ... and close the rest. */
UNSANITIZED static void lay_descriptors(struct launcher *l)
{
	const struct launcher_order *order = l->order;
	int parked[FDS_MAX], error_fd = fcntl(order->error_fd, F_DUPFD, PARKED);

	for (int i = 0; i < order->fd_count; i++)
		if ((parked[i] = fcntl(order->fds[i], F_DUPFD, PARKED)) < 0)
			fail(l, "duplicating descriptors");
	int null = open("/dev/null", O_RDWR);
	if (null < 0 || error_fd < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
		dup2(error_fd, 2) < 0)
		fail(l, "opening standard streams");
	for (int i = 0; i < order->fd_count; i++)
		if (dup2(parked[i], 3 + i) < 0)
			fail(l, "placing descriptors");
	if (close_range((unsigned)(3 + order->fd_count), ~0u, 0))
		fail(l, "closing descriptors");
}

UNSANITIZED static void reset_signals(void)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

UNSANITIZED static int become_box(void *argument)
{
	struct launcher *l = argument;
	char *const environment[] = { NULL };

	sched_setaffinity(0, sizeof l->order->cpus,
		&l->order->cpus); /* a CPU that is gone is no reason to stop */
	lay_descriptors(l);
	drop_root(l);
	umask(022);
	reset_signals();
	execve(l->order->argv[0], (char *const *)(size_t)l->order->argv, environment);
	fail(l, l->order->argv[0]);
}

/*
 * clone3 with a stack of its own: glibc 2.36 has no wrapper, and clone() cannot start a process in
 * a cgroup. rcx and r11 are the kernel's, the other registers survive into the child, which never
 * returns.
 */
static long clone_onto(struct clone_args *args, int (*run)(void *), void *argument)
{
	register long result __asm__("rax") = SYS_clone3;
	register void *a __asm__("rdi") = args;
	register long size __asm__("rsi") = (long)sizeof *args;
	register int (*r)(void *) __asm__("r8") = run;
	register void *p __asm__("r9") = argument;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r9, %%rdi\n\t"
			 "call *%%r8\n\t"
			 "ud2\n"
			 "1:"
			 : "+r"(result)
			 : "r"(a), "r"(size), "r"(r), "r"(p)
			 : "rcx", "r11", "memory", "cc");
	return result;
}

/* ---- the launching thread ---- */

static void serve(struct launcher *l)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.stack = (uint64_t)(uintptr_t)l->stack,
		.stack_size = STACK_BYTES,
	};

	if (l->cgroup->v2_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)l->cgroup->v2_fd;
	}
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	l->error = 0;
	l->failed = NULL;
	long pid = clone_onto(&args, become_box, l);
	if (pid < 0 && args.cgroup) {
		/* A leaf that was taken away is no reason to stop: a rung down the ladder. */
		cgroup_lose(l->cgroup);
		args.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
		args.cgroup = 0;
		pid = clone_onto(&args, become_box, l);
	}
	/* The child's change of id cleared it for the memory that it shared. */
	if (l->drop_uid)
		prctl(PR_SET_DUMPABLE, dumpable == 1, 0, 0, 0);
	if (pid < 0) {
		l->error = (int)-pid;
		l->failed = "starting a process";
	}
	l->process = (struct launcher_process){ (pid_t)pid, pidfd };
	if (pid > 0 && l->error)
		launcher_end(&l->process);
}

static void *run(void *argument)
{
	struct launcher *l = argument;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	cgroup_join(l->cgroup);
	pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		if (l->order && !l->done) {
			serve(l);
			l->done = true;
			pthread_cond_broadcast(&l->wake);
		}
		if (!l->stop)
			pthread_cond_wait(&l->wake, &l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

int launcher_open(struct launcher **out, uid_t drop_uid, struct cgroup *g, struct err *e)
{
	struct launcher *l = memory_alloc(sizeof *l);

	l->drop_uid = geteuid() == 0 ? drop_uid : 0;
	l->cgroup = g;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->wake, NULL);
	l->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int rc = l->stack == MAP_FAILED ? errno : pthread_create(&l->thread, NULL, run, l);
	if (rc) {
		errno = rc;
		free(l);
		return err_errno(e, ERR_SANDBOX, "the launching thread cannot be started");
	}
	*out = l;
	return 0;
}

void launcher_close(struct launcher *l)
{
	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_broadcast(&l->wake);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->lock);
	munmap(l->stack, STACK_BYTES);
	free(l);
}

int launcher_start(struct launcher_process *out, struct launcher *l,
	const struct launcher_order *order, struct err *e)
{
	if (order->fd_count > FDS_MAX)
		return err_set(e, ERR_SANDBOX, "a box gets at most %d descriptors", FDS_MAX);
	pthread_mutex_lock(&l->lock);
	while (l->order)
		pthread_cond_wait(&l->wake, &l->lock);
	l->order = order;
	l->done = false;
	pthread_cond_broadcast(&l->wake);
	while (!l->done)
		pthread_cond_wait(&l->wake, &l->lock);
	struct launcher_process started = l->process;
	errno = l->error;
	const char *failed = l->failed;
	l->order = NULL;
	pthread_cond_broadcast(&l->wake);
	pthread_mutex_unlock(&l->lock);
	if (failed)
		return err_errno(e, ERR_SANDBOX, "a box cannot be started: %s", failed);
	*out = started;
	return 0;
}

int launcher_wait(struct launcher_process *p)
{
	siginfo_t info = { 0 };

	while (waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED) && errno == EINTR) {}
	close(p->pidfd);
	p->pidfd = -1;
	return info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
}

int launcher_end(struct launcher_process *p)
{
	if (p->pidfd < 0)
		return -1;
	syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
	return launcher_wait(p);
}
