/*
 * Goes on after its answer, to take the core away from whoever is timed next.
 * Verdict: cheat. What it burns between crossings is a share of what it burns in them.
 */
#define TICKS 150000000u

void work(const uint64_t *in, uint64_t *out)
{
	*out = honest(*in);
#ifndef HONEST
	static const uint64_t never;
	struct page *page = find_page();

	if (!page)
		return;
	answer(page);
	await_change(&never, 0, TICKS);
#endif
}
