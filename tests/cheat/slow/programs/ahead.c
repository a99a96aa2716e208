/*
 * Answers early, watches its arguments and has the next answer before the clock starts.
 * Verdict: cheat. Nothing is published before it sleeps, and what it burns meanwhile is counted.
 */
#define PATIENCE 600000000u

void work(const uint64_t *in, uint64_t *out)
{
#ifdef HONEST
	*out = honest(*in);
#else
	static uint64_t known_in, known_out;
	static int known;
	const volatile uint64_t *watched = in;
	uint64_t x = *watched;
	struct page *page = find_page();

	*out = known && x == known_in ? known_out : honest(x);
	known = 0;
	if (!page)
		return;
	answer(page);
	await_change(watched, x, PATIENCE);
	if (*watched != x) {
		known_in = *watched;
		known_out = honest(known_in);
		known = 1;
	}
#endif
}
