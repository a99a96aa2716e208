#include "archive/dictionary.h"

#include <stdlib.h>

#include "archive/inside.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/memory.h"

#define SAMPLES_MAX 1024
#define SAMPLE_BYTES_MAX (8u << 20)    /* of all samples: training took some 25 ms a megabyte */
#define SAMPLES_MIN 64                 /* fewer teach zstd's trainer nothing */
/* One sample in so many judges the dictionary that the others made. */
#define JUDGE_EVERY 4

struct samples {
	struct buffer learn, judge;        /* samples one behind the other */
	size_t learn_sizes[SAMPLES_MAX], judge_sizes[SAMPLES_MAX];
	int learn_count, judge_count;
};

static const char *const newest_sql[CODEC_KINDS] = {
	"SELECT raw_bytes, dictionary, bytes FROM source ORDER BY program DESC LIMIT 1024",
	"SELECT raw_bytes, dictionary, bytes FROM image ORDER BY program DESC LIMIT 1024",
};

int dictionary_load(struct archive *a, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "SELECT id, kind, bytes FROM dictionary ORDER BY id", e);

	while (rc == 0 && (rc = stmt_step(q, e)) == 1) {
		int64_t kind = stmt_i64(q, "kind");
		size_t size;
		const void *bytes = stmt_blob(&size, q, "bytes");

		if (kind < 0 || kind >= CODEC_KINDS)
			rc = err_set(e, ERR_FORMAT, "dictionary of unknown kind %lld", (long long)kind);
		else
			rc = codec_add(a->codec, (enum codec_kind)kind, stmt_i64(q, "id"), bytes, size, e);
	}
	stmt_done(q);
	return rc;
}

static int put(struct archive *a, enum codec_kind kind, int64_t programs, const void *bytes,
	size_t size, struct err *e)
{
	int64_t id = codec_newest(a->codec) + 1;
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "INSERT INTO dictionary VALUES (:id, :kind, :programs, :bytes)", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":id", id);
	stmt_put_i64(q, ":kind", kind);
	stmt_put_i64(q, ":programs", programs);
	stmt_put_blob(q, ":bytes", bytes, size);
	rc = stmt_run(q, e);
	stmt_done(q);
	return rc < 0 ? rc : codec_add(a->codec, kind, id, bytes, size, e);
}

int dictionary_start(struct archive *a, enum codec_kind kind, const void *bytes, size_t size,
	struct err *e)
{
	if (size == 0 || codec_packs_with(a->codec, kind) != 0)
		return 0;
	return put(a, kind, 0, bytes, size < CODEC_DICTIONARY_MAX ? size : CODEC_DICTIONARY_MAX, e);
}

static int add_sample(struct samples *s, int index, const char *bytes, size_t size)
{
	if (index % JUDGE_EVERY == 0) {
		s->judge_sizes[s->judge_count++] = size;
		return buffer_add(&s->judge, bytes, size);
	}
	s->learn_sizes[s->learn_count++] = size;
	return buffer_add(&s->learn, bytes, size);
}

static int collect(struct samples *s, struct archive *a, enum codec_kind kind, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, newest_sql[kind], e);

	for (int i = 0; i < SAMPLES_MAX && rc == 0; i++) {
		size_t size, raw_size;
		const void *bytes;
		char *raw = NULL;

		rc = stmt_step(q, e);
		if (rc <= 0)
			break;
		raw_size = (size_t)stmt_i64(q, "raw_bytes");
		if (raw_size > SAMPLE_BYTES_MAX - s->learn.size - s->judge.size)
			break;
		bytes = stmt_blob(&size, q, "bytes");
		rc = codec_unpack(&raw, a->codec, stmt_i64(q, "dictionary"), bytes, size, raw_size, e);
		if (rc == 0)
			rc = add_sample(s, i, raw, raw_size);
		free(raw);
	}
	stmt_done(q);
	return rc < 0 ? rc : 0;
}

/* Bytes that the samples for judging take with this codec, or an error. */
static int64_t packed_bytes(struct codec *c, enum codec_kind kind, const struct samples *s,
	struct err *e)
{
	const char *at = s->judge.bytes;
	int64_t total = 0;

	for (int i = 0; i < s->judge_count; i++) {
		void *packed = NULL;
		size_t size;
		int64_t dictionary;
		int rc = codec_pack(&packed, &size, &dictionary, c, kind, at, s->judge_sizes[i], e);

		free(packed);
		if (rc < 0)
			return rc;
		total += (int64_t)size;
		at += s->judge_sizes[i];
	}
	return total;
}

/* Keep what was trained only when it saves at least a twentieth. */
static int adopt(struct archive *a, enum codec_kind kind, int64_t programs, const struct samples *s,
	const void *trained, size_t size, struct err *e)
{
	struct codec *trial = codec_new();
	int64_t before, after = 0;
	int rc = codec_add(trial, kind, 1, trained, size, e);

	before = rc < 0 ? rc : packed_bytes(a->codec, kind, s, e);
	if (before >= 0)
		after = packed_bytes(trial, kind, s, e);
	codec_free(trial);
	if (before < 0 || after < 0)
		return (int)(before < 0 ? before : after);
	if (after * 20 >= before * 19)
		return 0;
	return put(a, kind, programs, trained, size, e);
}

static int train(struct archive *a, enum codec_kind kind, int64_t programs, struct err *e)
{
	struct samples *s = memory_alloc(sizeof(*s));
	void *trained = NULL;
	size_t size;
	int rc;

	buffer_init(&s->learn, SAMPLE_BYTES_MAX);
	buffer_init(&s->judge, SAMPLE_BYTES_MAX);
	rc = collect(s, a, kind, e);
	/* Samples that the trainer cannot use (all alike, all tiny) leave the present dictionary. */
	if (rc == 0 && s->learn_count >= SAMPLES_MIN && codec_train(&trained, &size, s->learn.bytes,
		s->learn_sizes, s->learn_count, NULL) == 0)
		rc = adopt(a, kind, programs, s, trained, size, e);
	free(trained);
	buffer_release(&s->learn);
	buffer_release(&s->judge);
	free(s);
	return rc;
}

int dictionary_grow(struct archive *a, int64_t programs, struct err *e)
{
	int rc = 0;

	if (programs != 1000 && programs != 10000 && programs != 100000)
		return 0;
	for (int kind = 0; rc == 0 && kind < CODEC_KINDS; kind++)
		rc = train(a, (enum codec_kind)kind, programs, e);
	return rc;
}
