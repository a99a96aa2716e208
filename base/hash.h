/*
 * hash.h - XXH3-128 over bytes, keyed by a per-campaign secret (xxHash, xxhash.h: XXH3_128bits_withSecret needs
 * at least XXH3_SECRET_SIZE_MIN = 136 bytes of secret; 192 bytes here, the library's own default length).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_BYTES 16
#define HASH_SECRET_BYTES 192
#define HASH_HEX 33                       /* 32 digits and a NUL */

struct hash { uint8_t bytes[HASH_BYTES]; };      /* canonical (big-endian) form, so hex and memcmp agree on every machine */
struct hash_secret { uint8_t bytes[HASH_SECRET_BYTES]; };

struct err;
int hash_secret_make(struct hash_secret *out, struct err *e);         /* from getrandom */
void hash_secret_derive(struct hash_secret *out, uint64_t seed);      /* for reproducible campaigns */
struct hash hash_keyed(const struct hash_secret *key, const void *bytes, size_t size);
struct hash hash_plain(const void *bytes, size_t size);               /* for cache names of trusted files, not for candidates */
bool hash_equal(const struct hash *a, const struct hash *b);
void hash_hex(char out[HASH_HEX], const struct hash *h);
int hash_from_hex(struct hash *out, const char *hex);                 /* ERR_FORMAT unless 32 hex digits */
