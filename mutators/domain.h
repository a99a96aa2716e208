/*
 * domain.h - the numbers behind struct mutator_domain's kind and syntax, as evaluators/evaluator.h
 * defines them for plug-ins.
 *
 * This folder includes nothing of evaluators/, so the values stand here once more; a test holds the
 * two lists together.
 */
#pragma once

#include "mutators/mutator.h"

enum domain_kind { DOMAIN_NUMERIC, DOMAIN_PRIORITY, DOMAIN_LOOPS, DOMAIN_ANY, DOMAIN_KINDS };

enum domain_syntax {
	DOMAIN_BRANCHES = 1 << 0,
	DOMAIN_WITH_LOOPS = 1 << 1,
	DOMAIN_POINTERS = 1 << 2,
	DOMAIN_BITS = 1 << 3,
	DOMAIN_CASTS = 1 << 4,
	DOMAIN_CALLS = 1 << 5,
	DOMAIN_FUNCTIONS = 1 << 6,
	DOMAIN_PRAGMAS = 1 << 7,
	DOMAIN_PREPROCESSOR = 1 << 8,
	DOMAIN_ASM = 1 << 9,
	DOMAIN_GOTO = 1 << 10,
	DOMAIN_MEMBERS = 1 << 11,
	DOMAIN_ALL = 0xfff,
};

static inline bool domain_allows(const struct mutator_domain *d, unsigned syntax)
{
	return (d->syntax & syntax) == syntax;
}
