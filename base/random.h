/*
 * random.h - ChaCha20 key streams (RFC 8439): one generator for reproducible search and for inputs that a candidate cannot predict.
 *
 * A stream is keyed by 256 bits and numbered by 64 bits. random_keyed(seed, k) gives proposal k of a campaign its own
 * stream whatever ran before; random_fresh takes its key from getrandom.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct random {
	uint32_t state[16];
	uint8_t block[64];
	unsigned used;        /* bytes of block already given out */
};

struct err;
int random_fresh(struct random *r, struct err *e);
void random_keyed(struct random *r, uint64_t seed, uint64_t stream);
void random_from_key(struct random *r, const uint8_t key[32], uint64_t stream);
uint64_t random_u64(struct random *r);
uint64_t random_below(struct random *r, uint64_t bound);    /* unbiased, 0 <= x < bound; bound 0 gives 0 */
int64_t random_between(struct random *r, int64_t low, int64_t high);  /* both ends included */
double random_unit(struct random *r);                       /* [0, 1), 53 bits */
double random_normal(struct random *r);                     /* mean 0, sd 1 (Box-Muller) */
void random_bytes(struct random *r, void *out, size_t size);
/* An index with probability weight[i] / sum; -1 if no weight is positive. */
int random_weighted(struct random *r, const double *weights, int count);
