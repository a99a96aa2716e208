/*
 * workbench.h - one operator on one text, for tests of single operators.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mutators/mutator.h"
#include "mutators/operator.h"

/* The operator of that name from every group; ends the test when there is none. */
const struct operator *workbench_operator(const char *name);
/*
 * The text after one application with random stream k, NULL: nothing to change. The region is
 * between the markers, or the whole text without them. Ends the test when bytes outside the region
 * changed, when the result does not parse, or is not allowed. Caller frees.
 */
char *workbench_apply(
	const struct operator *o, const char *text, const struct mutator_domain *d, uint64_t k);
/* Does one of `draws` applications give, token for token, the wanted text? */
bool workbench_reaches(const struct operator *o, const char *text, const struct mutator_domain *d,
	const char *wanted, int draws);
