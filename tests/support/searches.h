/*
 * searches.h - a search without its engine: a real archive in a folder of its own, the declarations of a small made-up evaluator, a seed with
 * markers, an empty map. No worker runs: the pool has no slots, unless a test opens one of its own.
 */
#pragma once

#include <stdbool.h>

#include "archive/archive.h"
#include "orchestrator/candidate.h"
#include "orchestrator/search.h"

/* f(x, y) between the markers; lines of SEARCHES_SEED's region replace it. */
#define SEARCHES_HEAD "static double f(double x, double y)\n{\n/* EVOLVE-BLOCK-START */\n"
#define SEARCHES_TAIL "/* EVOLVE-BLOCK-END */\n}\n"
#define SEARCHES_SEED SEARCHES_HEAD "\treturn x + y;\n" SEARCHES_TAIL

struct searches {
	struct search search;
	uv_loop_t loop;
	struct campaign campaign;
	char folder[40], *path;
	bool pool_closed;
};

/*
 * Not timed: fitness "digits" (larger is better), also "cost"; features operations 0..8 in 8 bins, refused outside, and digits 0..10 in 2 bins, clamped.
 * Timed: fitness "speed"; features code 0..1000 in 2 bins, clamped, and the best of the classes small and large.
 */
struct searches *searches_new(bool timed);
/* What stands in `text` between the markers; the text is whole when it begins with SEARCHES_HEAD's first word. Not begun. */
struct candidate *searches_candidate(struct searches *t, int64_t proposal, const char *lines);
/* Score it as a worker would have: metrics, cell and hashes. The image is its text. */
void searches_score(struct candidate *c, double fitness);
/* A candidate that was settled as ok and became its cell's elite. Returns its id. */
int64_t searches_elite(struct searches *t, int64_t proposal, const char *lines, double fitness);
/* The declarations as JSON; caller deletes. */
cJSON *searches_declarations(bool timed);
void searches_free(struct searches *t);
