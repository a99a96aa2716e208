/*
 * probe.h - what a process looks like from inside, for attacks that look for traces of their predecessors.
 */
#pragma once

#include <stdint.h>

#define PROBE_MARK 0x6d61726b6d61726bull

/* 1 when MXCSR, the x87 control word and the direction and alignment flags are as a fresh process has them. */
static inline int probe_clean_state(void)
{
	uint32_t mxcsr;
	uint16_t x87;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(x87));
	return mxcsr == 0x1f80 && x87 == 0x37f && !(__builtin_ia32_readeflags_u64() & (1u << 10 | 1u << 18));
}
