#include "sandbox/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fdio.h"

enum { PROGRAM_MAX = 64 << 10 };

/* What any static or dynamic glibc program needs to start, to use memory and to die. */
static const int base_calls[] = {
	SCMP_SYS(execve),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(pread64),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstat),
	SCMP_SYS(readlink),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(set_tid_address),
	SCMP_SYS(rseq),
	SCMP_SYS(arch_prctl),
	SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
	SCMP_SYS(prlimit64),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(wait4),
};

/* The zygote: fork a candidate, pin it, shut it. Trusted code in front of hostile objects. */
static const int zygote_calls[] = {
	SCMP_SYS(clone3),
	SCMP_SYS(close_range),
	SCMP_SYS(prctl),
	SCMP_SYS(seccomp),
	SCMP_SYS(sched_setaffinity),
};

/*
 * cc1, as and ld.bfd. dup is there because perror() on cc1's out-of-memory path calls it; utimensat
 * because the box pins the times of its files. Plain clone and fork are absent, and vfork carries
 * no flags.
 */
static const int compile_calls[] = {
	SCMP_SYS(openat),
	SCMP_SYS(access),
	SCMP_SYS(faccessat2),
	SCMP_SYS(getcwd),
	SCMP_SYS(statx),
	SCMP_SYS(unlink),
	SCMP_SYS(chmod),
	SCMP_SYS(umask),
	SCMP_SYS(getrusage),
	SCMP_SYS(sysinfo),
	SCMP_SYS(vfork),
	SCMP_SYS(kill),
	SCMP_SYS(dup),
	SCMP_SYS(utimensat),
};
static const int compile_fcntl[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC };

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return rc;
}
#define ALLOW(filter, calls) allow(filter, calls, sizeof calls / sizeof *calls)

static int add_compile_rules(scmp_filter_ctx filter)
{
	int rc = ALLOW(filter, compile_calls);

	for (size_t i = 0; i < sizeof compile_fcntl / sizeof *compile_fcntl && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
			SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)compile_fcntl[i], 0));
	/* No locks on read-only files that other boxes see, too. */
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(fcntl), 1,
			SCMP_A1(SCMP_CMP_EQ, F_SETLK, 0));
	/*
	 * The flags of clone3 lie behind a pointer that a filter cannot read; glibc falls back to
	 * what is allowed.
	 */
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return rc;
}

static int add_rules(scmp_filter_ctx filter, enum policy_kind kind)
{
	int rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc == 0)
		rc = ALLOW(filter, base_calls);
	/* Whole, without looking at the request: a masked comparison was CVE-2019-10063. */
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
	if (rc == 0)
		rc = kind == POLICY_ZYGOTE ? ALLOW(filter, zygote_calls) :
					     add_compile_rules(filter);
	return rc;
}

int policy_program(void **out, size_t *bytes, enum policy_kind kind, struct err *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	char *program = NULL;
	int fd = -1, rc;

	if (!filter)
		return err_set(e, ERR_SANDBOX, "libseccomp cannot make a filter");
	rc = add_rules(filter, kind);
	if (rc < 0) {
		errno = -rc;
		rc = err_errno(e, ERR_SANDBOX, "libseccomp refuses a rule");
		goto out;
	}
	fd = memfd_create("policy", MFD_CLOEXEC);
	rc = fd < 0 ? -errno : seccomp_export_bpf(filter, fd);
	if (rc < 0) {
		errno = -rc;
		rc = err_errno(e, ERR_SANDBOX, "the seccomp filter cannot be written");
		goto out;
	}
	rc = fdio_read_fd(&program, bytes, fd, PROGRAM_MAX, e);
	if (rc == 0)
		*out = program;
out:
	if (fd >= 0)
		close(fd);
	seccomp_release(filter);
	return rc;
}

void policy_library_version(char out[32])
{
	const struct scmp_version *v = seccomp_version();

	snprintf(out, 32, "%u.%u.%u", v ? v->major : 0, v ? v->minor : 0, v ? v->micro : 0);
}
