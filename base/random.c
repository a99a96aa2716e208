#include "base/random.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"

/*
 * The state of RFC 8439, section 2.3: words 0-3 constants, 4-11 key, 12-15 counter and nonce. The
 * RFC gives the counter one word and the nonce three; here both have two words, as in Bernstein's
 * original, so that a stream has 2^64 blocks. The block function is the same.
 */
enum { WORD_KEY = 4, WORD_COUNTER = 12, WORD_STREAM = 14, DOUBLE_ROUNDS = 10 };

/* "expand 32-byte k", little-endian: RFC 8439, section 2.3. */
static const uint32_t constants[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

/* Fills up the key that a 64-bit seed starts, and keeps it apart from other uses of the seed. */
static const char seed_domain[24] = "clade random stream v1";

static uint32_t load_word(const uint8_t bytes[4])
{
	uint32_t word = 0;

	for (int i = 3; i >= 0; i--)
		word = word << 8 | bytes[i];
	return word;
}

static void store_word(uint8_t bytes[4], uint32_t word)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(word >> 8 * i);
}

static uint32_t rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static void quarter_round(uint32_t x[16], int a, int b, int c, int d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

static void next_block(struct random *r)
{
	uint32_t x[16];

	memcpy(x, r->state, sizeof(x));
	for (int i = 0; i < DOUBLE_ROUNDS; i++) {
		quarter_round(x, 0, 4, 8, 12);
		quarter_round(x, 1, 5, 9, 13);
		quarter_round(x, 2, 6, 10, 14);
		quarter_round(x, 3, 7, 11, 15);
		quarter_round(x, 0, 5, 10, 15);
		quarter_round(x, 1, 6, 11, 12);
		quarter_round(x, 2, 7, 8, 13);
		quarter_round(x, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		store_word(r->block + 4 * i, x[i] + r->state[i]);
	if (++r->state[WORD_COUNTER] == 0)
		r->state[WORD_COUNTER + 1]++;
	r->used = 0;
}

void random_from_key(struct random *r, const uint8_t key[32], uint64_t stream)
{
	memset(r, 0, sizeof(*r));
	memcpy(r->state, constants, sizeof(constants));
	for (int i = 0; i < 8; i++)
		r->state[WORD_KEY + i] = load_word(key + 4 * i);
	r->state[WORD_STREAM] = (uint32_t)stream;
	r->state[WORD_STREAM + 1] = (uint32_t)(stream >> 32);
	r->used = sizeof(r->block);
}

void random_keyed(struct random *r, uint64_t seed, uint64_t stream)
{
	uint8_t key[32];

	store_word(key, (uint32_t)seed);
	store_word(key + 4, (uint32_t)(seed >> 32));
	memcpy(key + 8, seed_domain, sizeof(seed_domain));
	random_from_key(r, key, stream);
}

int random_fresh(struct random *r, struct err *e)
{
	uint8_t key[32];

	while (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key)) {
		if (errno != EINTR)
			return err_errno(e, ERR_IO, "getrandom");
	}
	random_from_key(r, key, 0);
	return 0;
}

void random_bytes(struct random *r, void *out, size_t size)
{
	uint8_t *to = out;

	while (size > 0) {
		size_t part;

		if (r->used >= sizeof(r->block))
			next_block(r);
		part = sizeof(r->block) - r->used;
		if (part > size)
			part = size;
		memcpy(to, r->block + r->used, part);
		r->used += (unsigned)part;
		to += part;
		size -= part;
	}
}

uint64_t random_u64(struct random *r)
{
	uint8_t bytes[8];

	random_bytes(r, bytes, sizeof(bytes));
	return load_word(bytes) | (uint64_t)load_word(bytes + 4) << 32;
}

/* Multiply and reject: Lemire, Fast Random Integer Generation in an Interval, arXiv:1805.10941. */
uint64_t random_below(struct random *r, uint64_t bound)
{
	unsigned __int128 product = (unsigned __int128)random_u64(r) * bound;

	if ((uint64_t)product < bound) {
		uint64_t least = -bound % bound;   /* 2^64 mod bound */

		while ((uint64_t)product < least)
			product = (unsigned __int128)random_u64(r) * bound;
	}
	return (uint64_t)(product >> 64);
}

int64_t random_between(struct random *r, int64_t low, int64_t high)
{
	uint64_t span;

	if (low >= high)
		return low;
	span = (uint64_t)high - (uint64_t)low + 1;   /* 0 when the span is all of 64 bits */
	return (int64_t)((uint64_t)low + (span ? random_below(r, span) : random_u64(r)));
}

double random_unit(struct random *r)
{
	return (double)(random_u64(r) >> 11) * 0x1p-53;
}

double random_normal(struct random *r)
{
	/* 1 - u is in (0, 1], so the logarithm is finite. */
	double radius = sqrt(-2 * log(1 - random_unit(r)));

	return radius * cos(2 * M_PI * random_unit(r));
}

static double usable(double weight)
{
	return weight > 0 && isfinite(weight) ? weight : 0;
}

int random_weighted(struct random *r, const double *weights, int count)
{
	double largest = 0, sum = 0, at;
	int chosen = -1;

	for (int i = 0; i < count; i++)
		largest = fmax(largest, usable(weights[i]));
	if (largest == 0)
		return -1;
	/* Divided by the largest, so that no sum overflows. */
	for (int i = 0; i < count; i++)
		sum += usable(weights[i]) / largest;
	at = random_unit(r) * sum;
	for (int i = 0; i < count; i++) {
		double part = usable(weights[i]) / largest;

		if (part == 0)
			continue;
		chosen = i;   /* the last positive one catches what rounding leaves over */
		if (at < part)
			break;
		at -= part;
	}
	return chosen;
}
