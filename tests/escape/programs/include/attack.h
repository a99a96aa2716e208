/*
 * attack.h - what the hostile programs share. An attack returns 1 when it reached its aim, 0 when it did not, unless its first
 * line says otherwise.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

double attack(const void *arguments, void *results);

static inline long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall" : "=a"(result)
		: "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return result;
}
#define CALL(number, a, b, c) call6(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)

/* The acknowledgement page, as a candidate finds it: registers and stack of its callers hold pointers to whole pages. */
struct ack { volatile uint32_t door, seq, asleep, state, tid; };

static inline struct ack *find_ack(void)
{
	uintptr_t saved[6], *words = saved;

	__asm__ volatile("mov %%rbx, 0(%0)\n\tmov %%rbp, 8(%0)\n\tmov %%r12, 16(%0)\n\tmov %%r13, 24(%0)\n\t"
		"mov %%r14, 32(%0)\n\tmov %%r15, 40(%0)" :: "r"(saved) : "memory");
	for (int i = 0; i < 200; i++) {
		uintptr_t word = words[i];
		if (word % 4096 || word < (uintptr_t)1 << 32 || word > (uintptr_t)0x7fffffff0000)
			continue;
		struct ack *a = (struct ack *)word;
		if (a->door == (a->tid | 0x80000000u) && a->tid)
			return a;
	}
	return 0;
}
