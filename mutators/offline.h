/*
 * offline.h - the mutator "offline": operators on the syntax tree, no model, no network.
 *
 *      parent ─ 1..4 operators, by the weights of the domain's kind, parsing again in between
 *             ─▶ parses? allowed? another token text? ─▶ proposal
 */
#pragma once

#include "mutators/mutator.h"

extern const struct mutator offline_mutator;

struct sketch;
struct operator;
/* All groups of operators, NULL-ended. */
extern const struct operator *const offline_groups[];
/* May the operator act under the domain? */
int offline_permits(const struct operator *o, const struct mutator_domain *d);
