/*
 * settle.h - the end of a candidate's way: one transaction in the archive, the map in memory, the counters, a new best.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "evaluators/verdict.h"

struct err;
struct candidate;
struct search;

/* Commit the candidate with a verdict. takes: it becomes the elite of its cell. reason may be NULL. The candidate is not freed. */
int settle_verdict(struct candidate *c, enum verdict verdict, const char *reason, bool takes, struct err *e);
/* It repeats program `of` (0: one in flight) at "token" or "object" level. */
int settle_duplicate(struct candidate *c, const char *level, int64_t of, struct err *e);
/* An elite that was measured again: a new score, or demoted when it no longer passes. */
int settle_retest(struct candidate *c, enum verdict verdict, const char *reason, struct err *e);
/* Take the best and the seed's score from the archive: at a resume, and after elites were measured again. */
int settle_take_best(struct search *s, struct err *e);
/* The candidate's fitness by its metrics; NAN before they are known. */
double settle_fitness(const struct candidate *c);
