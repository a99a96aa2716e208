#include "tests/support/workbench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/random.h"
#include "mutators/offline.h"
#include "mutators/sketch.h"
#include "mutators/syntax.h"

const struct operator *workbench_operator(const char *name)
{
	for (int g = 0; offline_groups[g] != NULL; g++)
		for (const struct operator *o = offline_groups[g]; o->name != NULL; o++)
			if (strcmp(o->name, name) == 0)
				return o;
	fail_msg("there is no operator '%s'", name);
	return NULL;
}

static struct region region_of(const char *text)
{
	struct region r = { 0, strlen(text) };

	region_find(&r, text, strlen(text), NULL, NULL);
	return r;
}

static void check_result(
	const char *old, struct region r, const char *changed, const struct mutator_domain *d)
{
	struct region inner;
	struct err e = { 0 };

	if (region_check(&inner, old, strlen(old), r, changed, strlen(changed), &e) != 0)
		fail_msg("%s\n%s", e.text, changed);
	if (syntax_allowed(changed, strlen(changed), inner, d, &e) != 0)
		fail_msg("%s\n%s", e.text, changed);
}

char *workbench_apply(
	const struct operator *o, const char *text, const struct mutator_domain *d, uint64_t k)
{
	struct region r = region_of(text);
	struct random random;
	struct sketch s;
	struct err e = { 0 };
	char *inner = NULL, *changed = NULL;

	random_keyed(&random, 3, k);
	if (sketch_open(&s, d, &random, text, strlen(text), r, &e) < 0)
		fail_msg("%s: %s", text, e.text);
	if (o->apply(&s) == 1)
		inner = edits_apply(&s.edits, text, (uint32_t)r.start, (uint32_t)r.end);
	if (inner != NULL) {
		changed = region_replace(text, strlen(text), r, inner, strlen(inner));
		check_result(text, r, changed, d);
	}
	free(inner);
	sketch_close(&s);
	return changed;
}

static char *tokens_of(const char *text)
{
	struct err e = { 0 };
	char *tokens = NULL;
	size_t size;

	if (syntax_tokens(&tokens, &size, text, strlen(text), region_of(text), NULL, &e) < 0)
		fail_msg("%s: %s", text, e.text);
	return tokens;
}

bool workbench_reaches(const struct operator *o, const char *text, const struct mutator_domain *d,
	const char *wanted, int draws)
{
	char *goal = tokens_of(wanted);
	bool found = false;

	for (int k = 0; k < draws && !found; k++) {
		char *changed = workbench_apply(o, text, d, (uint64_t)k);
		char *tokens = changed ? tokens_of(changed) : NULL;

		found = tokens != NULL && strcmp(tokens, goal) == 0;
		free(tokens);
		free(changed);
	}
	free(goal);
	return found;
}
