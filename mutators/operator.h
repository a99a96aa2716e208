/*
 * operator.h - one way to change a program: a table row, and the sketch that it works on.
 *
 *      sketch (text, tree, names and types, mate) ─ operator->apply ─▶ edits and genes
 *             ─ offline.c applies them, parses again, checks ─▶ next sketch
 *
 * An operator only records edits. It may not look at anything but the sketch, and takes chance only
 * from sketch->random. Whether the result parses, is allowed and differs is checked after it;
 * whether it is correct is the evaluator's business.
 */
#pragma once

#include "mutators/domain.h"
#include "mutators/sketch.h"

struct operator {
	const char *name;
	double weight[DOMAIN_KINDS];             /* how often, by the domain's kind; 0: never */
	unsigned syntax;                         /* DOMAIN_*: constructs that its results need */
	enum mutator_flags_policy policy;        /* the least policy under which it may act */
	int (*apply)(struct sketch *s);          /* 1 edits recorded, 0 nothing to change here */
};

/* The groups; each ends with a row without name. */
extern const struct operator expressions_operators[];
extern const struct operator genes_operators[];
extern const struct operator literals_operators[];
extern const struct operator loops_operators[];
extern const struct operator nests_operators[];
extern const struct operator numerics_operators[];
extern const struct operator reductions_operators[];
extern const struct operator statements_operators[];
extern const struct operator tiles_operators[];
