#include "sandbox/run_box.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/memory.h"
#include "sandbox/box/box_wire.h"
#include "sandbox/shared_region.h"
#include "sandbox/run_zygote.h"
#include "sandbox/zygote.h"

#define SECOND_NS INT64_C(1000000000)
#define START_LIMIT_NS (5 * SECOND_NS)
#define CPU_LIMIT_DEFAULT_NS (10 * SECOND_NS)
/* Death wakes the driver through the robust futex; the slice serves a child that broke its list. */
#define SLICE_NS (50 * INT64_C(1000000))
#define SPINS_PER_LOOK 4096 /* some 20-100 us between looks at the clock and at the child */
#define YIELDS_MAX 64
#define NAP_NS 20000

_Static_assert(RUN_CALLS_MAX == BOX_CALLS_MAX, "one size of a batch");

struct run_child {
	struct zygote *zygote; /* held */
	struct shared_region request, ack, arguments, results;
	int pidfd;
	pid_t box_pid, host_pid; /* in the box's numbering and in ours; host_pid 0 where unknown */
	clockid_t cpu_clock;
	bool has_cpu_clock;
	enum run_channel channel;
	uint32_t seq;  /* of the last doorbell */
	uint32_t busy; /* what the door holds while the child works */
	int64_t cpu_limit_ns;
	int64_t cpu_mark_ns; /* its CPU clock when the last crossing ended; -1 before the first */
	bool dead;
	enum sandbox_outcome outcome;
};

static struct box_request *request_of(const struct run_child *c)
{
	return c->request.base;
}

static struct box_ack *ack_of(const struct run_child *c)
{
	return c->ack.base;
}

static long wake(volatile void *word)
{
	return syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static long wait_on(volatile void *word, uint32_t value, int64_t span_ns)
{
	struct timespec slice = { span_ns / SECOND_NS, span_ns % SECOND_NS };

	return syscall(SYS_futex, word, FUTEX_WAIT, value, &slice, NULL, 0);
}

/*
 * Does the child wait in its futex? Asked of the kernel, not of the child: a requeue of nobody from
 * the word to itself wakes nobody, moves nobody and returns how many wait. It fails when the word
 * is not value.
 */
static bool is_asleep_on(volatile void *word, uint32_t value)
{
	return syscall(SYS_futex, word, FUTEX_CMP_REQUEUE, 0, (void *)1, word, value) == 1;
}

static bool is_dead(const struct run_child *c)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* ---- the end of a child ---- */

static enum sandbox_outcome judge(const struct run_child *c, const struct box_answer *a)
{
	if (!WIFSIGNALED(a->status))
		return SANDBOX_CRASH;
	switch (WTERMSIG(a->status)) {
	case SIGSYS: return SANDBOX_FORBIDDEN;
	case SIGXCPU: return SANDBOX_TIMEOUT;
	/*
	 * Not by us: RLIMIT_CPU, whose ticks differ from the account by some percent, or the
	 * kernel's lack of memory.
	 */
	case SIGKILL: return a->cpu_ns >= c->cpu_limit_ns / 2 ? SANDBOX_TIMEOUT : SANDBOX_LIMIT;
	default: return SANDBOX_CRASH;
	}
}

/* Kill and reap. outcome: what we know already, or SANDBOX_OK to ask how it died. */
static int finish(struct run_child *c, enum sandbox_outcome outcome, struct err *e)
{
	struct box_order order = { .op = BOX_REAP, .pid = c->box_pid };
	struct box_answer answer;

	if (c->dead)
		return 0;
	c->dead = true;
	c->outcome = outcome == SANDBOX_OK ? SANDBOX_CRASH : outcome;
	syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
	int rc = zygote_ask(c->zygote, &answer, NULL, &order, NULL, 0, e);
	if (rc == 0 && outcome == SANDBOX_OK)
		c->outcome = judge(c, &answer);
	return rc;
}

void run_child_end(struct run_child *c)
{
	if (!c)
		return;
	if (c->pidfd >= 0) {
		finish(c, SANDBOX_LIMIT, NULL);
		close(c->pidfd);
	}
	shared_region_close(&c->request);
	shared_region_close(&c->ack);
	shared_region_close(&c->arguments);
	shared_region_close(&c->results);
	zygote_release(c->zygote);
	free(c);
}

/* ---- the start ---- */

static int check_spec(const struct run_spec *spec, struct err *e)
{
	if (spec->tier != SANDBOX_STRICT)
		return err_set(e, ERR_UNSUPPORTED, "only the strict tier is built");
	if (!spec->entry || strlen(spec->entry) >= BOX_ENTRY_MAX || !*spec->entry)
		return err_set(e, ERR_ARGS, "the entry needs a name of at most %d bytes",
			BOX_ENTRY_MAX - 1);
	if (spec->arguments_bytes > RUN_REGION_MAX || spec->results_bytes > RUN_REGION_MAX ||
		spec->arena_bytes > RUN_REGION_MAX)
		return err_set(e, ERR_ARGS, "a region is larger than %u MB", RUN_REGION_MAX >> 20);
	if (spec->cpu >= CPU_SETSIZE)
		return err_set(e, ERR_ARGS, "no processor %d", spec->cpu);
	return 0;
}

static int open_regions(struct run_child *c, const struct run_spec *spec, struct err *e)
{
	int rc = shared_region_open(&c->request, "request", sizeof(struct box_request), true, e);

	if (rc == 0)
		rc = shared_region_open(&c->ack, "ack", BOX_PAGE, false, e);
	if (rc == 0)
		rc = shared_region_open(&c->arguments, "arguments", spec->arguments_bytes, true, e);
	return rc < 0 ? rc :
			shared_region_open(&c->results, "results", spec->results_bytes, false, e);
}

static int make_order(struct box_order *order, const struct run_child *c,
	const struct run_spec *spec, struct err *e)
{
	int64_t limit_ns = spec->cpu_limit_ns > 0 ? spec->cpu_limit_ns : CPU_LIMIT_DEFAULT_NS;

	*order = (struct box_order){
		.op = BOX_START,
		.arguments_bytes = c->arguments.bytes,
		.results_bytes = c->results.bytes,
		.arena_bytes = (spec->arena_bytes + BOX_PAGE - 1) & ~(uint64_t)(BOX_PAGE - 1),
		.cpu = spec->cpu,
		.spinning = spec->channel == RUN_SPINNING,
		.cpu_limit_s = (uint32_t)((limit_ns + SECOND_NS - 1) / SECOND_NS),
	};
	snprintf(order->entry, sizeof order->entry, "%s", spec->entry);
	return run_box_import_bits(order->imports, spec->imports, e);
}

static int ask_start(struct run_child *c, const struct box_order *order, int image, struct err *e)
{
	int fds[BOX_FD_COUNT] = {
		[BOX_FD_IMAGE] = image,
		[BOX_FD_REQUEST] = c->request.fd,
		[BOX_FD_ACK] = c->ack.fd,
		[BOX_FD_ARGUMENTS] = c->arguments.fd,
		[BOX_FD_RESULTS] = c->results.fd,
	};
	struct box_answer answer = { 0 };
	int rc = zygote_ask(c->zygote, &answer, &c->pidfd, order, fds, BOX_FD_COUNT, e);

	if (rc == 0 && c->pidfd < 0)
		rc = err_set(e, ERR_SANDBOX, "the zygote sent no descriptor of its child");
	c->box_pid = answer.pid;
	return rc;
}

/* "Pid:\t1234" in the pidfd's own information, in the numbering of our /proc. */
static void find_host_pid(struct run_child *c)
{
	char path[64], line[128];
	int pid;

	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", c->pidfd);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "Pid: %d", &pid) == 1 && pid > 0)
			c->host_pid = pid;
	if (f)
		fclose(f);
	c->has_cpu_clock = c->host_pid && clock_getcpuclockid(c->host_pid, &c->cpu_clock) == 0;
}

/*
 * 0 ready, 1 refused or died; nothing of the candidate ran before READY, so state and reason are to
 * be believed.
 */
static int await_ready(
	struct run_child *c, enum sandbox_outcome *outcome, char reason[256], struct err *e)
{
	struct box_ack *ack = ack_of(c);
	int64_t stop_ns = clock_now_ns() + START_LIMIT_NS;
	uint32_t state;

	while ((state = ack->state) == BOX_STARTING && clock_now_ns() < stop_ns) {
		wait_on(&ack->state, BOX_STARTING, SLICE_NS / 10);
		if (ack->state == BOX_STARTING && is_dead(c))
			break;
	}
	if (state == BOX_READY || (state = ack->state) == BOX_READY) {
		c->busy = ack->tid | FUTEX_WAITERS;
		return 0;
	}
	if (state == BOX_REFUSED) {
		*outcome = SANDBOX_FORBIDDEN;
		snprintf(reason, 256, "%.*s", (int)sizeof ack->reason, ack->reason);
		return 1;
	}
	if (state == BOX_BROKEN)
		return err_set(e, ERR_SANDBOX, "a candidate's process cannot be set up: %.*s",
			(int)sizeof ack->reason, ack->reason);
	int rc = finish(c, SANDBOX_OK, e);
	if (rc < 0)
		return rc;
	*outcome = c->outcome;
	snprintf(reason, 256, "the process died while it was set up");
	return 1;
}

/* A zygote that is gone or confused is replaced once; what fails with a fresh one, too, is told. */
static int fork_candidate(struct run_child *c, struct run_box *b, const struct box_order *order,
	int image, struct err *e)
{
	int rc = ERR_SANDBOX;

	for (int turn = 0; turn < 2 && rc < 0; turn++) {
		rc = run_box_zygote(&c->zygote, b, e);
		if (rc < 0)
			return rc;
		rc = ask_start(c, order, image, e);
		if (rc < 0) {
			run_box_replace(b);
			zygote_release(c->zygote);
			c->zygote = NULL;
		}
	}
	shared_region_close_fd(&c->request);
	shared_region_close_fd(&c->ack);
	shared_region_close_fd(&c->arguments);
	shared_region_close_fd(&c->results);
	return rc;
}

int run_child_start(struct run_child **out, struct run_box *b, const struct run_spec *spec,
	enum sandbox_outcome *outcome, char reason[256], struct err *e)
{
	struct box_order order;
	int rc = check_spec(spec, e);

	if (rc < 0)
		return rc;
	struct run_child *c = memory_alloc(sizeof *c);
	*c = (struct run_child){ .pidfd = -1, .channel = spec->channel, .cpu_mark_ns = -1 };
	c->request.fd = c->ack.fd = c->arguments.fd = c->results.fd = -1;
	rc = open_regions(c, spec, e);
	if (rc == 0)
		rc = make_order(&order, c, spec, e);
	if (rc == 0) {
		c->cpu_limit_ns = order.cpu_limit_s * SECOND_NS;
		rc = fork_candidate(c, b, &order, spec->image, e);
	}
	if (rc == 0) {
		find_host_pid(c);
		rc = await_ready(c, outcome, reason, e);
	}
	if (rc == 0)
		*out = c;
	else
		run_child_end(c);
	return rc;
}

void *run_child_arguments(struct run_child *c)
{
	return c->arguments.base;
}

void *run_child_results(struct run_child *c)
{
	return c->results.base;
}

enum sandbox_outcome run_child_outcome(const struct run_child *c)
{
	return c->outcome;
}

pid_t run_child_pid(const struct run_child *c)
{
	return c->host_pid;
}

/* ---- the crossing ---- */

static int64_t cpu_ns(const struct run_child *c)
{
	struct timespec t;

	if (!c->has_cpu_clock || clock_gettime(c->cpu_clock, &t))
		return -1;
	return t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* Let the child come back to its futex. SANDBOX_CHEAT: it answered and yet goes on working. */
static enum sandbox_outcome await_sleep(struct run_child *c, int64_t limit_ns)
{
	int64_t stop_ns = clock_now_ns() + limit_ns;

	for (int turn = 0; !is_asleep_on(&request_of(c)->seq, c->seq); turn++) {
		if (turn < YIELDS_MAX) {
			sched_yield();
			continue;
		}
		if (is_dead(c))
			return SANDBOX_CRASH;
		if (clock_now_ns() > stop_ns)
			return SANDBOX_CHEAT;
		clock_sleep_ns(NAP_NS);
	}
	return SANDBOX_OK;
}

/*
 * What the acknowledgement page says: SANDBOX_OK answered, SANDBOX_LIMIT not yet, SANDBOX_CHEAT
 * neither.
 */
static enum sandbox_outcome read_ack(const struct run_child *c)
{
	uint32_t seq = ack_of(c)->seq;

	return seq == c->seq ? SANDBOX_OK : seq == c->seq - 1 ? SANDBOX_LIMIT : SANDBOX_CHEAT;
}

static enum sandbox_outcome await_ack_blocking(
	struct run_child *c, int64_t start_ns, int64_t limit_ns)
{
	struct box_ack *ack = ack_of(c);
	enum sandbox_outcome state;

	while ((state = read_ack(c)) == SANDBOX_LIMIT) {
		int64_t left_ns = start_ns + limit_ns - clock_now_ns();
		if (left_ns <= 0)
			return SANDBOX_TIMEOUT;
		wait_on(&ack->door, c->busy, left_ns < SLICE_NS ? left_ns : SLICE_NS);
		if (read_ack(c) == SANDBOX_LIMIT && is_dead(c))
			return SANDBOX_CRASH;
	}
	return state;
}

static enum sandbox_outcome await_ack_spinning(
	struct run_child *c, int64_t start_ns, int64_t limit_ns)
{
	enum sandbox_outcome state;

	for (uint32_t turn = 1; (state = read_ack(c)) == SANDBOX_LIMIT; turn++) {
		__builtin_ia32_pause();
		if (turn % SPINS_PER_LOOK)
			continue;
		if (clock_now_ns() - start_ns > limit_ns)
			return SANDBOX_TIMEOUT;
		if (is_dead(c))
			return read_ack(c) == SANDBOX_OK ? SANDBOX_OK : SANDBOX_CRASH;
	}
	return state;
}

/* Doorbell to copy done: nothing else may stand in here. */
static enum sandbox_outcome cross_timed(struct run_crossing *x, struct run_child *c, void *copy,
	size_t copy_bytes, int64_t limit_ns)
{
	struct box_request *request = request_of(c);
	enum sandbox_outcome state;
	int64_t start_ns = clock_now_ns();

	request->seq = ++c->seq;
	if (c->channel == RUN_BLOCKING) {
		wake(&request->seq);
		state = await_ack_blocking(c, start_ns, limit_ns);
	} else {
		if (ack_of(c)->asleep)
			wake(&request->seq);
		state = await_ack_spinning(c, start_ns, limit_ns);
	}
	if (state == SANDBOX_OK && copy_bytes)
		memcpy(copy, c->results.base, copy_bytes);
	x->wall_ns = clock_now_ns() - start_ns;
	return state;
}

static void cross(struct run_crossing *x, struct run_child *c, void *copy, size_t copy_bytes,
	int64_t limit_ns)
{
	if (read_ack(c) != SANDBOX_OK) {
		x->outcome = SANDBOX_CHEAT;
		return;
	}
	if (c->channel == RUN_BLOCKING) {
		x->outcome = await_sleep(c, limit_ns);
		if (x->outcome != SANDBOX_OK)
			return;
		ack_of(c)->door = c->busy;
	}
	int64_t before_ns = c->channel == RUN_BLOCKING ? cpu_ns(c) : -1;
	if (before_ns >= 0 && c->cpu_mark_ns >= 0)
		x->idle_cpu_ns = before_ns - c->cpu_mark_ns;
	x->outcome = cross_timed(x, c, copy, copy_bytes, limit_ns);
	c->cpu_mark_ns = c->channel == RUN_BLOCKING ? cpu_ns(c) : -1;
	if (before_ns >= 0 && c->cpu_mark_ns >= 0)
		x->child_cpu_ns = c->cpu_mark_ns - before_ns;
}

bool run_child_rest(struct run_child *c, int64_t limit_ns)
{
	return !c->dead && c->channel == RUN_BLOCKING && read_ack(c) == SANDBOX_OK && await_sleep(c, limit_ns) == SANDBOX_OK;
}

static int check_calls(const struct run_child *c, const struct run_call *calls, int count,
	size_t copy_bytes, struct err *e)
{
	if (count < 1 || count > RUN_CALLS_MAX)
		return err_set(
			e, ERR_ARGS, "%d calls in a crossing, of 1 to %d", count, RUN_CALLS_MAX);
	for (int i = 0; i < count; i++)
		if (calls[i].argument_offset > c->arguments.bytes ||
			calls[i].result_offset > c->results.bytes)
			return err_set(e, ERR_ARGS, "call %d lies outside of its regions", i);
	if (copy_bytes > c->results.bytes)
		return err_set(e, ERR_ARGS, "the copy is larger than the results");
	return 0;
}

int run_child_cross(struct run_crossing *out, struct run_child *c, const struct run_call *calls,
	int count, void *copy, size_t copy_bytes, int64_t limit_ns, struct err *e)
{
	struct run_crossing x = { .outcome = SANDBOX_OK };
	int rc = check_calls(c, calls, count, copy_bytes, e);

	if (rc < 0)
		return rc;
	if (c->dead)
		return err_set(e, ERR_ARGS, "the child is dead");
	struct box_request *request = request_of(c);
	request->count = (uint32_t)count;
	for (int i = 0; i < count; i++)
		request->calls[i] = (struct box_call){ calls[i].argument_offset,
			calls[i].result_offset };
	cross(&x, c, copy, copy_bytes, limit_ns);
	if (x.outcome != SANDBOX_OK) {
		rc = finish(c, x.outcome == SANDBOX_CRASH ? SANDBOX_OK : x.outcome, e);
		if (rc < 0)
			return rc;
		x.outcome = c->outcome;
	}
	*out = x;
	return 0;
}
