#include "orchestrator/select.h"

#include <math.h>

#include "base/random.h"

/* Every elite alike: MAP-Elites as published (Mouret & Clune, arXiv:1504.04909). */
static int pick_uniform(const struct select_view *view, struct random *r)
{
	if (view->count == 0)
		return -1;
	return (int)random_below(r, (uint64_t)view->count);
}

static int better(const struct select_view *view, int a, int b)
{
	return view->maximise ? view->fitness[a] > view->fitness[b] : view->fitness[a] < view->fitness[b];
}

/* The best of three drawn alike: a tournament presses as rank selection does and needs no sorting. */
static int pick_rank(const struct select_view *view, struct random *r)
{
	int best = pick_uniform(view, r);

	for (int i = 1; i < 3 && best >= 0; i++) {
		int other = pick_uniform(view, r);

		if (better(view, other, best))
			best = other;
	}
	return best;
}

const struct select_rule select_rules[] = {
	{ .name = "uniform", .pick = pick_uniform },
	{ .name = "rank", .pick = pick_rank },
	{ .name = NULL, .pick = NULL },
};
