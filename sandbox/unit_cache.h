/*
 * unit_cache.h - the objects of a problem's trusted units, compiled once per flag set in a box that
 * no candidate ever saw.
 *
 * A candidate's compile box then gets finished objects for the adapter and its like: half of its
 * work is spared (12 of 30 ms for a short kernel). The objects are bytes to us; only a linker in a
 * box reads them. Units that include the candidate cannot be kept.
 */
#pragma once

#include <stddef.h>

#include "sandbox/compile_box.h"

#define UNIT_CACHE_ENTRIES 16

struct buffer;
struct unit_cache;

/* Borrowed from the cache between get and put. */
struct unit_objects {
	char *bytes[COMPILE_UNITS_MAX]; /* owned; in the order of the request's units */
	size_t size[COMPILE_UNITS_MAX];
	struct buffer *key; /* owned: flags, names and texts */
	int users;
	unsigned long used; /* when it was last asked for */
};

struct unit_cache *unit_cache_new(void);
void unit_cache_free(struct unit_cache *c);
/*
 * *out: the objects for the units of request, compiled now if need be; NULL where they cannot be
 * kept or do not compile, and then the request has to compile them itself and gets the diagnostics.
 * 0 or ERR_SANDBOX.
 */
int unit_cache_get(struct unit_objects **out, struct unit_cache *c, const struct sandbox *s,
	const struct compile_request *request, struct err *e);
void unit_cache_put(struct unit_cache *c, struct unit_objects *o); /* NULL is allowed */
