/*
 * kernel.h - the honest kernel, and how a program in the box finds the page on which the box
 * acknowledges: the test puts this text in front of the seed, of every cheat and of every twin.
 */
#include <stdint.h>

#define STEPS 4000000

static uint64_t honest(uint64_t x)
{
	for (uint64_t i = 0; i < STEPS; i++)
		x = x * 6364136223846793005u + 1442695040888963407u;
	return x;
}

#ifndef HONEST
struct page {
	volatile uint32_t door, seq, asleep, state, tid;
};

/* The box's own frames hold its address, in a saved register or on the stack. */
static struct page *find_page(void)
{
	uintptr_t saved[6], *words = saved;

	__asm__ volatile("mov %%rbx, 0(%0)\n\tmov %%rbp, 8(%0)\n\tmov %%r12, 16(%0)\n\t"
			 "mov %%r13, 24(%0)\n\tmov %%r14, 32(%0)\n\tmov %%r15, 40(%0)"
			 :
			 : "r"(saved)
			 : "memory");
	for (int i = 0; i < 200; i++) {
		uintptr_t word = words[i];
		struct page *page = (struct page *)word;

		if (word % 4096 || word < (uintptr_t)1 << 32 || word > 0x7fffffff0000u)
			continue;
		if (page->tid && page->door == (page->tid | 0x80000000u))
			return page;
	}
	return 0;
}

/* The box's answer, made early: the driver copies the results and stops its clock. */
static void answer(struct page *page)
{
	long out;

	page->seq += 1;
	page->door = 0;
	__asm__ volatile("syscall"
			 : "=a"(out)
			 : "0"(202L), "D"(&page->door), "S"(1L), "d"(1L)
			 : "rcx", "r11", "memory");
}

/* Until *word is no longer x, at most so many ticks. */
static void await_change(const volatile uint64_t *word, uint64_t x, uint64_t ticks)
{
	uint64_t begun = __builtin_ia32_rdtsc();

	while (*word == x && __builtin_ia32_rdtsc() - begun < ticks)
		;
}
#endif
