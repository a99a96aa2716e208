#include "sandbox/unit_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "sandbox/compile_plan.h"
#include "sandbox/one_box.h"

struct unit_cache {
	pthread_mutex_t lock;
	struct unit_objects *entries[UNIT_CACHE_ENTRIES];
	unsigned long clock;
};

struct unit_cache *unit_cache_new(void)
{
	struct unit_cache *c = memory_alloc(sizeof *c);

	pthread_mutex_init(&c->lock, NULL);
	return c;
}

static void free_objects(struct unit_objects *o)
{
	if (!o)
		return;
	for (int i = 0; i < COMPILE_UNITS_MAX; i++)
		free(o->bytes[i]);
	if (o->key)
		buffer_release(o->key);
	free(o->key);
	free(o);
}

void unit_cache_free(struct unit_cache *c)
{
	if (!c)
		return;
	for (int i = 0; i < UNIT_CACHE_ENTRIES; i++)
		free_objects(c->entries[i]);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/*
 * Everything that the objects depend on, each part with its length, so that no two requests share a
 * key.
 */
static struct buffer *make_key(const struct compile_request *r)
{
	struct buffer *key = memory_alloc(sizeof *key);

	buffer_init(key, COMPILE_PLAN_BYTES_MAX);
	for (int i = 0; i < COMPILE_FLAGS_MAX && r->flags[i]; i++)
		compile_plan_add_text(key, r->flags[i]);
	for (int i = 0; i < r->unit_count; i++) {
		compile_plan_add_text(key, r->units[i].name);
		compile_plan_add_block(key, r->units[i].text, r->units[i].size);
	}
	return key;
}

/* The lock is held. */
static struct unit_objects *find(struct unit_cache *c, const struct buffer *key)
{
	for (int i = 0; i < UNIT_CACHE_ENTRIES; i++) {
		struct unit_objects *o = c->entries[i];
		if (o && o->key->size == key->size && !memcmp(o->key->bytes, key->bytes, key->size))
			return o;
	}
	return NULL;
}

/*
 * The lock is held. Takes the place of the entry that was idle longest; with none idle the new one
 * is not kept.
 */
static void keep(struct unit_cache *c, struct unit_objects *o)
{
	int oldest = -1;

	for (int i = 0; i < UNIT_CACHE_ENTRIES; i++) {
		if (!c->entries[i]) {
			oldest = i;
			break;
		}
		if (!c->entries[i]->users &&
			(oldest < 0 || c->entries[i]->used < c->entries[oldest]->used))
			oldest = i;
	}
	if (oldest < 0)
		return;
	free_objects(c->entries[oldest]);
	c->entries[oldest] = o;
}

static bool is_kept(const struct unit_cache *c, const struct unit_objects *o)
{
	for (int i = 0; i < UNIT_CACHE_ENTRIES; i++)
		if (c->entries[i] == o)
			return true;
	return false;
}

/* A box of its own, without the candidate. *out stays NULL when the units do not compile. */
static int compile(struct unit_objects **out, const struct sandbox *s,
	const struct compile_request *request, struct err *e)
{
	struct compile_result r = { .outcome = SANDBOX_OK };
	struct unit_objects *o = memory_alloc(sizeof *o);
	struct buffer plan;

	buffer_init(&plan, COMPILE_PLAN_BYTES_MAX);
	int rc = compile_plan_make_units(&plan, s, request, e);
	if (rc == 0)
		rc = one_box_run(&r, s, &plan, request->unit_count, 0, e);
	for (int i = 0; i < r.image_count && rc == 0; i++)
		rc = fdio_read_fd(&o->bytes[i], &o->size[i], r.images[i], COMPILE_IMAGE_MAX, e);
	if (rc == 0 && r.outcome == SANDBOX_OK)
		*out = o;
	else
		free_objects(o);
	compile_result_release(&r);
	buffer_release(&plan);
	return rc;
}

/*
 * A second thread that wants the same units meanwhile compiles them, too: harmless, and no lock is
 * held over a box.
 */
static int add(struct unit_objects **out, struct unit_cache *c, const struct sandbox *s,
	const struct compile_request *request, struct buffer *key, struct err *e)
{
	struct unit_objects *o = NULL;
	int rc = compile(&o, s, request, e);

	if (!o) {
		buffer_release(key);
		free(key);
		return rc;
	}
	o->key = key;
	o->users = 1;
	pthread_mutex_lock(&c->lock);
	o->used = ++c->clock;
	if (!find(c, key))
		keep(c, o);
	pthread_mutex_unlock(&c->lock);
	*out = o;
	return 0;
}

int unit_cache_get(struct unit_objects **out, struct unit_cache *c, const struct sandbox *s,
	const struct compile_request *request, struct err *e)
{
	if (request->candidate_included || !request->unit_count)
		return 0;
	struct buffer *key = make_key(request);
	pthread_mutex_lock(&c->lock);
	struct unit_objects *o = find(c, key);
	if (o) {
		o->users++;
		o->used = ++c->clock;
	}
	pthread_mutex_unlock(&c->lock);
	if (!o)
		return add(out, c, s, request, key, e);
	buffer_release(key);
	free(key);
	*out = o;
	return 0;
}

void unit_cache_put(struct unit_cache *c, struct unit_objects *o)
{
	if (!o)
		return;
	pthread_mutex_lock(&c->lock);
	bool forget = --o->users == 0 && !is_kept(c, o);
	pthread_mutex_unlock(&c->lock);
	if (forget)
		free_objects(o);
}
