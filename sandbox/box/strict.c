#include "sandbox/box/strict.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)

/*
 * By hand, so that it can be read: 12 instructions. x32 calls carry bit 30 in their number and so
 * equal neither; i386 calls fail on the architecture. The operation is compared whole:
 * FUTEX_PRIVATE_FLAG and the requeue operations are refused.
 */
static struct sock_filter instructions[] = {
	LOAD(arch),
	IF_EQUAL(AUDIT_ARCH_X86_64, 1, 0),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	LOAD(nr),
	IF_EQUAL(SYS_futex, 2, 0),
	IF_EQUAL(SYS_exit_group, 4, 0),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	LOAD(args[1]),
	IF_EQUAL(FUTEX_WAIT, 1, 0),
	IF_EQUAL(FUTEX_WAKE, 0, 1),
	RETURN(SECCOMP_RET_ALLOW),
	RETURN(SECCOMP_RET_KILL_PROCESS),
};

void strict_limit(int resource, uint64_t value)
{
	struct rlimit limit = { value, value };

	if (setrlimit(resource, &limit))
		_exit(112);
}

void strict_enter(uint32_t cpu_limit_s, uint64_t memory_bytes)
{
	struct sock_fprog program = { sizeof instructions / sizeof *instructions, instructions };

	strict_limit(RLIMIT_CPU, cpu_limit_s);
	strict_limit(RLIMIT_FSIZE, 0);
	strict_limit(RLIMIT_NOFILE, 0);
	strict_limit(RLIMIT_CORE, 0);
	strict_limit(RLIMIT_NPROC, 0);
	strict_limit(RLIMIT_MEMLOCK, 0);
	strict_limit(RLIMIT_STACK, 8u << 20);
	strict_limit(RLIMIT_AS, memory_bytes);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		_exit(113);
	/*
	 * SPEC_ALLOW: a filter must not switch speculative store bypass off by itself, which would
	 * slow the timed code.
	 */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program))
		_exit(114);
}
