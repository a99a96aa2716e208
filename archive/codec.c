#include "archive/codec.h"

#include <stdlib.h>
#include <zdict.h>
#include <zstd.h>

#include "base/err.h"
#include "base/memory.h"

#define LEVEL 3   /* level 9 gained 4 % for four times the time */

struct known {
	int64_t number;
	enum codec_kind kind;
	ZSTD_CDict *pack;       /* owned */
	ZSTD_DDict *unpack;     /* owned */
};

struct codec {
	ZSTD_CCtx *packer;
	ZSTD_DCtx *unpacker;
	struct known *known;    /* owned array */
	int known_count;
};

struct codec *codec_new(void)
{
	struct codec *c = memory_alloc(sizeof(*c));

	c->packer = ZSTD_createCCtx();
	c->unpacker = ZSTD_createDCtx();
	if (!c->packer || !c->unpacker)
		abort();   /* out of memory, as in memory.h */
	return c;
}

static void release_known(struct known *k)
{
	ZSTD_freeCDict(k->pack);
	ZSTD_freeDDict(k->unpack);
}

void codec_free(struct codec *c)
{
	if (!c)
		return;
	codec_forget(c, -1);
	free(c->known);
	ZSTD_freeCCtx(c->packer);
	ZSTD_freeDCtx(c->unpacker);
	free(c);
}

int codec_add(struct codec *c, enum codec_kind kind, int64_t number, const void *bytes, size_t size,
	struct err *e)
{
	struct known k = { .number = number, .kind = kind };

	if (codec_has(c, number))
		return 0;
	k.pack = ZSTD_createCDict(bytes, size, LEVEL);
	k.unpack = ZSTD_createDDict(bytes, size);
	if (!k.pack || !k.unpack) {
		release_known(&k);
		return err_set(e, ERR_FORMAT, "dictionary %lld is damaged", (long long)number);
	}
	c->known = memory_grow(c->known, (size_t)c->known_count + 1, sizeof(c->known[0]));
	c->known[c->known_count++] = k;
	return 0;
}

static const struct known *find_known(const struct codec *c, int64_t number)
{
	for (int i = 0; i < c->known_count; i++) {
		if (c->known[i].number == number)
			return &c->known[i];
	}
	return NULL;
}

static const struct known *find_newest(const struct codec *c, enum codec_kind kind)
{
	const struct known *newest = NULL;

	for (int i = 0; i < c->known_count; i++) {
		const struct known *k = &c->known[i];

		if (k->kind == kind && (!newest || k->number > newest->number))
			newest = k;
	}
	return newest;
}

bool codec_has(const struct codec *c, int64_t number)
{
	return find_known(c, number) != NULL;
}

int64_t codec_packs_with(const struct codec *c, enum codec_kind kind)
{
	const struct known *k = find_newest(c, kind);

	return k ? k->number : 0;
}

int64_t codec_newest(const struct codec *c)
{
	int64_t newest = 0;

	for (int i = 0; i < c->known_count; i++) {
		if (c->known[i].number > newest)
			newest = c->known[i].number;
	}
	return newest;
}

void codec_forget(struct codec *c, int64_t above)
{
	int kept = 0;

	for (int i = 0; i < c->known_count; i++) {
		if (c->known[i].number > above)
			release_known(&c->known[i]);
		else
			c->known[kept++] = c->known[i];
	}
	c->known_count = kept;
}

int codec_pack(void **out, size_t *out_size, int64_t *dictionary, struct codec *c,
	enum codec_kind kind, const void *bytes, size_t size, struct err *e)
{
	const struct known *k = find_newest(c, kind);
	size_t room = ZSTD_compressBound(size), used;
	void *packed;

	if (size > CODEC_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "%zu bytes, at most %u are kept", size, CODEC_BYTES_MAX);
	packed = memory_grow(NULL, room, 1);
	if (k)
		used = ZSTD_compress_usingCDict(c->packer, packed, room, bytes, size, k->pack);
	else
		used = ZSTD_compressCCtx(c->packer, packed, room, bytes, size, LEVEL);
	if (ZSTD_isError(used)) {
		free(packed);
		return err_set(e, ERR_FORMAT, "compress: %s", ZSTD_getErrorName(used));
	}
	*out = packed;
	*out_size = used;
	*dictionary = k ? k->number : 0;
	return 0;
}

int codec_unpack(char **out, struct codec *c, int64_t dictionary, const void *bytes, size_t size,
	size_t raw_size, struct err *e)
{
	const struct known *k = dictionary ? find_known(c, dictionary) : NULL;
	size_t used;
	char *raw;

	if (dictionary && !k)
		return err_set(e, ERR_FORMAT, "dictionary %lld is missing", (long long)dictionary);
	if (raw_size > CODEC_BYTES_MAX)
		return err_set(e, ERR_FORMAT, "an impossible size of %zu bytes", raw_size);
	raw = memory_array(raw_size + 1, 1);
	if (k)
		used = ZSTD_decompress_usingDDict(c->unpacker, raw, raw_size, bytes, size, k->unpack);
	else
		used = ZSTD_decompressDCtx(c->unpacker, raw, raw_size, bytes, size);
	if (ZSTD_isError(used) || used != raw_size) {
		free(raw);
		return err_set(e, ERR_FORMAT, "decompress: %s",
			ZSTD_isError(used) ? ZSTD_getErrorName(used) : "another size");
	}
	*out = raw;
	return 0;
}

int codec_train(void **out, size_t *out_size, const void *samples, const size_t *sizes, int count,
	struct err *e)
{
	void *made = memory_alloc(CODEC_DICTIONARY_MAX);
	size_t used = ZDICT_trainFromBuffer(made, CODEC_DICTIONARY_MAX, samples, sizes,
		(unsigned)count);

	if (ZDICT_isError(used)) {
		free(made);
		return err_set(e, ERR_FORMAT, "train: %s", ZDICT_getErrorName(used));
	}
	*out = made;
	*out_size = used;
	return 0;
}
