/*
 * proposer.h - where new candidates come from: parents out of the map, a mutator, random numbers keyed by (seed, k).
 */
#pragma once

struct err;
struct search;

/* Make proposal k and put it on its way. 1 made, 0 this draw found nothing (k is used up), or an error. */
int proposer_next(struct search *s, struct err *e);
/* The evaluator's declarations as mutators want them. */
void proposer_domain(struct search *s);
void proposer_close(struct search *s);
