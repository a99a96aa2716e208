/*
 * seeds.h - three programs to change, one of each kind, with what their problems would declare of
 * them.
 */
#pragma once

#include <stddef.h>

#include "mutators/domain.h"
#include "mutators/mutator.h"
#include "mutators/region.h"

struct seed {
	const char *path; /* from the root */
	const char *function;    /* what the region defines */
	const char *prelude;     /* what the compiler needs to hear before the text */
	struct mutator_domain domain;
};
enum { SEEDS_EXP2, SEEDS_RULE, SEEDS_SGEMM, SEEDS_COUNT };
extern const struct seed seeds[SEEDS_COUNT];

/* The text of a seed and its region; caller frees. Ends the test when the file is not there. */
char *seeds_read(const struct seed *s, size_t *size, struct region *r);
