#include "base/hash.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#include "base/err.h"
#include "base/random.h"

/* The stream of a seed that derives secrets; proposals count up from 0 and never come near it. */
#define SECRET_STREAM UINT64_MAX

_Static_assert(HASH_SECRET_BYTES >= XXH3_SECRET_SIZE_MIN, "XXH3 refuses shorter secrets");
_Static_assert(HASH_BYTES == sizeof(XXH128_canonical_t), "XXH3-128 has 16 bytes");

int hash_secret_make(struct hash_secret *out, struct err *e)
{
	struct hash_secret secret;

	/* Up to 256 bytes come whole once the kernel is seeded: getrandom(2). */
	while (getrandom(secret.bytes, sizeof(secret.bytes), 0) != (ssize_t)sizeof(secret.bytes)) {
		if (errno != EINTR)
			return err_errno(e, ERR_IO, "getrandom");
	}
	*out = secret;
	return 0;
}

void hash_secret_derive(struct hash_secret *out, uint64_t seed)
{
	struct random r;

	random_keyed(&r, seed, SECRET_STREAM);
	random_bytes(&r, out->bytes, sizeof(out->bytes));
}

static struct hash canonical(XXH128_hash_t value)
{
	XXH128_canonical_t bytes;
	struct hash h;

	XXH128_canonicalFromHash(&bytes, value);
	memcpy(h.bytes, &bytes, sizeof(h.bytes));
	return h;
}

struct hash hash_keyed(const struct hash_secret *key, const void *bytes, size_t size)
{
	return canonical(XXH3_128bits_withSecret(bytes, size, key->bytes, sizeof(key->bytes)));
}

struct hash hash_plain(const void *bytes, size_t size)
{
	return canonical(XXH3_128bits(bytes, size));
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void hash_hex(char out[HASH_HEX], const struct hash *h)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < HASH_BYTES; i++) {
		out[2 * i] = digits[h->bytes[i] >> 4];
		out[2 * i + 1] = digits[h->bytes[i] & 15];
	}
	out[2 * HASH_BYTES] = 0;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hash_from_hex(struct hash *out, const char *hex)
{
	struct hash h;

	if (!hex || strnlen(hex, HASH_HEX) != HASH_HEX - 1)
		return ERR_FORMAT;
	for (int i = 0; i < HASH_BYTES; i++) {
		int high = digit_value(hex[2 * i]);
		int low = digit_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return ERR_FORMAT;
		h.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*out = h;
	return 0;
}
