#include "sandbox/box/box_child.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/box/arena.h"
#include "sandbox/box/loader.h"
#include "sandbox/box/strict.h"

typedef void (*entry_function)(const void *arguments, void *results);

/*
 * A spinning child that hears nothing for this many turns, some 10 ms, goes to sleep until the
 * driver wakes it.
 */
#define SPIN_TURNS (1u << 18)
/* What RLIMIT_AS leaves beside the regions, arena and image: stack, the box program itself. */
#define MEMORY_BESIDE (LOADER_SPAN_MAX + (32u << 20))

static struct {
	struct robust_list_head head;
	struct robust_list node;
} robust;

static long futex(const volatile void *word, int op, uint32_t value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static _Noreturn void stop(struct box_ack *ack, enum box_state state)
{
	ack->state = state;
	futex(&ack->state, FUTEX_WAKE, 1);
	_exit(1);
}

/*
 * A shared region, or private memory for fd -1, between two pages that cannot be touched. NULL when
 * it cannot be had.
 */
static void *map_guarded(int fd, uint64_t bytes, int protection)
{
	char *around = mmap(NULL, bytes + 2 * BOX_PAGE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE :
			     MAP_SHARED | MAP_POPULATE;

	if (around == MAP_FAILED)
		return NULL;
	if (!bytes)
		return around + BOX_PAGE;
	void *at = mmap(around + BOX_PAGE, bytes, protection, flags | MAP_FIXED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

/*
 * Death of this process, however it comes, makes the kernel wake the driver that sleeps on
 * ack->door.
 */
static bool wake_driver_on_death(struct box_ack *ack)
{
	robust.head.list.next = &robust.node;
	robust.node.next = &robust.head.list;
	robust.head.futex_offset = (char *)&ack->door - (char *)&robust.node;
	ack->tid = (uint32_t)syscall(SYS_gettid);
	ack->door = ack->tid | FUTEX_WAITERS;
	return syscall(SYS_set_robust_list, &robust.head, sizeof robust.head) == 0;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(
		0, sizeof set, &set); /* a driver that needs the pin checks it by its timings */
}

static uint32_t wait_asleep(const struct box_request *request, uint32_t last)
{
	uint32_t seq;

	while ((seq = request->seq) == last)
		futex(&request->seq, FUTEX_WAIT, last);
	return seq;
}

static uint32_t wait_spinning(const struct box_request *request, struct box_ack *ack, uint32_t last)
{
	uint32_t seq;

	for (uint32_t turn = 0; turn < SPIN_TURNS; turn++) {
		if ((seq = request->seq) != last)
			return seq;
		__builtin_ia32_pause();
	}
	/*
	 * Both this store and the driver's doorbell are sequentially consistent: one of the two
	 * sees the other.
	 */
	ack->asleep = 1;
	seq = wait_asleep(request, last);
	ack->asleep = 0;
	return seq;
}

static _Noreturn void answer_calls(const struct box_request *request, struct box_ack *ack,
	entry_function call, const char *arguments, char *results, bool spinning)
{
	for (uint32_t last = 0;;) {
		uint32_t seq = spinning ? wait_spinning(request, ack, last) :
					  wait_asleep(request, last);
		uint32_t count = request->count;
		for (uint32_t i = 0; i < count; i++)
			call(arguments + request->calls[i].argument_offset,
				results + request->calls[i].result_offset);
		last = seq;
		ack->seq = seq;
		if (!spinning) {
			ack->door = 0;
			futex(&ack->door, FUTEX_WAKE, 1);
		}
	}
}

_Noreturn void box_child_live(const struct box_order *order, const int fds[BOX_FD_COUNT])
{
	struct box_ack *ack = mmap(
		NULL, BOX_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[BOX_FD_ACK], 0);
	const struct box_request *request = mmap(NULL, sizeof *request, PROT_READ,
		MAP_SHARED | MAP_POPULATE, fds[BOX_FD_REQUEST], 0);
	if (ack == MAP_FAILED)
		_exit(111);
	const void *arguments = map_guarded(
		fds[BOX_FD_ARGUMENTS], order->arguments_bytes, PROT_READ);
	void *results = map_guarded(
		fds[BOX_FD_RESULTS], order->results_bytes, PROT_READ | PROT_WRITE);
	if (request == MAP_FAILED || !arguments || !results || !wake_driver_on_death(ack)) {
		snprintf(ack->reason, sizeof ack->reason, "the regions cannot be mapped: errno %d",
			errno);
		stop(ack, BOX_BROKEN);
	}
	if (order->arena_bytes) {
		void *arena = map_guarded(-1, order->arena_bytes, PROT_READ | PROT_WRITE);
		if (!arena)
			stop(ack, BOX_BROKEN);
		arena_init(arena, order->arena_bytes);
	}
	void *entry = loader_load(fds[BOX_FD_IMAGE], order->entry, order->imports,
		order->arena_bytes != 0, ack->reason, sizeof ack->reason);
	if (!entry)
		stop(ack, BOX_REFUSED);
	if (order->cpu >= 0)
		pin(order->cpu);
	close_range(0, ~0u, 0);
	strict_enter(order->cpu_limit_s,
		order->arguments_bytes + order->results_bytes + order->arena_bytes + MEMORY_BESIDE);
	ack->state = BOX_READY;
	futex(&ack->state, FUTEX_WAKE, 1);
	answer_calls(request, ack, (entry_function)(uintptr_t)entry, arguments, results,
		order->spinning != 0);
}
