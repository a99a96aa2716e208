#include "archive/catalog.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "archive/dictionary.h"
#include "archive/inside.h"
#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"

#define PREFIX_DIGITS_MIN 4
#define LIST_DEFAULT 20
/* Candidates that an ambiguous prefix names. */
#define NAMED_MAX 4

/* In the order in which read_row reads them. */
#define COLUMNS \
	"p.id AS id, p.name AS name, p.proposal AS proposal, o.mutator AS mutator, " \
	"o.operation AS operation, p.parent_1 AS parent_1, p.parent_2 AS parent_2, " \
	"p.parent_3 AS parent_3, p.parent_4 AS parent_4, p.depth AS depth, p.verdict AS verdict, " \
	"p.reason AS reason, p.fitness AS fitness, p.fitness_low AS fitness_low, " \
	"p.fitness_high AS fitness_high, p.pairs AS pairs, p.metrics AS metrics, p.cell AS cell, " \
	"p.feature_1 AS feature_1, p.feature_2 AS feature_2, p.feature_3 AS feature_3, " \
	"p.feature_4 AS feature_4, p.code_bytes AS code_bytes, p.created_s AS created_s, " \
	"p.wall_ns AS wall_ns, p.cpu_ns AS cpu_ns, p.token AS token, p.object AS object, " \
	"p.flags AS flags, p.holdout AS holdout, e.program AS elite "
#define OPERATOR "LEFT JOIN operator o ON o.id = p.operator "
#define PROGRAMS \
	"SELECT " COLUMNS "FROM program p " OPERATOR \
	"LEFT JOIN elite e ON e.cell = p.cell AND e.program = p.id "
/* The CROSS JOIN fixes the order: from the few elites to their programs. */
#define ELITES "SELECT " COLUMNS "FROM elite e CROSS JOIN program p ON p.id = e.program " OPERATOR

void catalog_release(struct archive_program *p)
{
	if (!p)
		return;
	free(p->source);
	free(p->flags);
	free(p->mutator);
	free(p->operation);
	free(p->verdict);
	free(p->reason);
	free(p->metrics);
	free(p->holdout);
	memset(p, 0, sizeof(*p));
}

static void read_hash(struct hash *out, struct stmt *q, const char *column)
{
	size_t size;
	const void *bytes = stmt_blob(&size, q, column);

	memset(out, 0, sizeof(*out));
	if (bytes && size == sizeof(out->bytes))
		memcpy(out->bytes, bytes, size);
}

static void read_parents(struct archive_program *p, struct stmt *q)
{
	static const char *const columns[4] = { "parent_1", "parent_2", "parent_3", "parent_4" };

	for (int i = 0; i < 4; i++) {
		int64_t parent = stmt_i64(q, columns[i]);

		if (parent > 0)
			p->parents[p->parent_count++] = parent;
	}
}

static void read_row(struct archive_program *p, struct stmt *q)
{
	static const char *const features[GRID_AXES_MAX] = {
		"feature_1", "feature_2", "feature_3", "feature_4",
	};

	memset(p, 0, sizeof(*p));
	p->id = stmt_i64(q, "id");
	read_hash(&p->name, q, "name");
	p->proposal = stmt_i64(q, "proposal");
	p->mutator = text_copy(stmt_text(q, "mutator"));
	p->operation = text_copy(stmt_text(q, "operation"));
	read_parents(p, q);
	p->depth = (int)stmt_i64(q, "depth");
	p->verdict = text_copy(stmt_text(q, "verdict"));
	p->reason = text_copy(stmt_text(q, "reason"));
	p->fitness = stmt_double(q, "fitness");
	p->fitness_low = stmt_double(q, "fitness_low");
	p->fitness_high = stmt_double(q, "fitness_high");
	p->pairs = stmt_i64(q, "pairs");
	p->metrics = text_copy(stmt_text(q, "metrics"));
	p->cell = stmt_is_null(q, "cell") ? -1 : stmt_i64(q, "cell");
	for (int i = 0; i < GRID_AXES_MAX; i++)
		p->features[i] = stmt_double(q, features[i]);
	p->code_bytes = stmt_i64(q, "code_bytes");
	p->created_s = stmt_i64(q, "created_s");
	p->wall_ns = stmt_i64(q, "wall_ns");
	p->cpu_ns = stmt_i64(q, "cpu_ns");
	read_hash(&p->token, q, "token");
	p->has_object = !stmt_is_null(q, "object");
	read_hash(&p->object, q, "object");
	p->flags = text_copy(stmt_text(q, "flags"));
	p->holdout = text_copy(stmt_text(q, "holdout"));
	p->elite = !stmt_is_null(q, "elite");
}

/* The packed bytes of a row of source or image: 1, or 0 when there is none. */
static int read_packed(char **out, size_t *out_size, struct archive *a, const char *sql, int64_t id,
	struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, sql, e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":id", id);
	rc = stmt_step(q, e);
	if (rc == 1) {
		int64_t raw_size = stmt_i64(q, "raw_bytes");
		int64_t dictionary = stmt_i64(q, "dictionary");
		size_t size;
		const void *bytes = stmt_blob(&size, q, "bytes");

		/* A reader may meet a dictionary that the writer made after it opened. */
		if (dictionary && !codec_has(a->codec, dictionary))
			rc = dictionary_load(a, e);
		if (rc >= 0)
			rc = codec_unpack(out, a->codec, dictionary, bytes, size, (size_t)raw_size, e);
		if (rc == 0) {
			*out_size = (size_t)raw_size;
			rc = 1;
		}
	}
	stmt_done(q);
	if (rc < 0)
		err_in(e, "program %lld", (long long)id);
	return rc;
}

static int read_source(struct archive_program *p, struct archive *a, struct err *e)
{
	static const char sql[] =
		"SELECT raw_bytes, dictionary, bytes FROM source WHERE program = :id";

	return read_packed(&p->source, &p->source_bytes, a, sql, p->id, e);
}

int catalog_image(void **bytes, size_t *size, struct archive *a, int64_t id, struct err *e)
{
	static const char sql[] =
		"SELECT raw_bytes, dictionary, bytes FROM image WHERE program = :id";
	char *image;
	int rc = read_packed(&image, size, a, sql, id, e);

	if (rc == 0)
		return err_set(e, ERR_MISSING, "program %lld has no image", (long long)id);
	if (rc < 0)
		return rc;
	*bytes = image;
	return 0;
}

int catalog_program(struct archive_program *out, struct archive *a, int64_t id, bool with_source,
	struct err *e)
{
	struct archive_program p = { 0 };
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, PROGRAMS "WHERE p.id = :id", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":id", id);
	rc = stmt_step(q, e);
	if (rc == 1)
		read_row(&p, q);
	stmt_done(q);
	if (rc == 1 && with_source && (rc = read_source(&p, a, e)) == 0)
		rc = 1;
	if (rc == 1)
		*out = p;
	else
		catalog_release(&p);
	return rc;
}

static int find_hash(int64_t *id, struct archive *a, const char *sql, const struct hash *h,
	struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, sql, e);

	if (rc < 0)
		return rc;
	stmt_put_blob(q, ":hash", h->bytes, sizeof(h->bytes));
	rc = stmt_step(q, e);
	if (rc == 1)
		*id = stmt_i64(q, "id");
	stmt_done(q);
	return rc;
}

int catalog_find_token(int64_t *id, struct archive *a, const struct hash *token, struct err *e)
{
	static const char sql[] = "SELECT id FROM program WHERE token = :hash ORDER BY id LIMIT 1";

	return find_hash(id, a, sql, token, e);
}

int catalog_find_object(int64_t *id, struct archive *a, const struct hash *object, struct err *e)
{
	static const char sql[] = "SELECT id FROM program WHERE object = :hash ORDER BY id LIMIT 1";

	return find_hash(id, a, sql, object, e);
}

/* ---- by prefix ---- */

/* The smallest and largest names with this prefix. */
static int prefix_range(struct hash *low, struct hash *high, const char *prefix)
{
	char low_hex[HASH_HEX], high_hex[HASH_HEX];
	size_t digits = strnlen(prefix, HASH_HEX);

	if (digits >= HASH_HEX)
		return ERR_FORMAT;
	memset(low_hex, '0', sizeof(low_hex));
	memset(high_hex, 'f', sizeof(high_hex));
	memcpy(low_hex, prefix, digits);
	memcpy(high_hex, prefix, digits);
	low_hex[HASH_HEX - 1] = 0;
	high_hex[HASH_HEX - 1] = 0;
	return hash_from_hex(low, low_hex) < 0 || hash_from_hex(high, high_hex) < 0 ? ERR_FORMAT : 0;
}

static int refuse_ambiguous(const char *prefix, const struct hash *names, int count, struct err *e)
{
	char list[(NAMED_MAX + 1) * (HASH_HEX + 2)] = "";
	size_t used = 0;

	for (int i = 0; i < count && i < NAMED_MAX; i++) {
		char hex[HASH_HEX];

		hash_hex(hex, &names[i]);
		memcpy(list + used, i ? ", " : "", i ? 2 : 0);
		used += i ? 2 : 0;
		memcpy(list + used, hex, HASH_HEX);
		used += HASH_HEX - 1;
	}
	return err_set(e, ERR_ARGS, "%s stands for several programs: %s%s", prefix, list,
		count > NAMED_MAX ? ", ..." : "");
}

static int resolve_prefix(int64_t *id, struct archive *a, const char *prefix, struct err *e)
{
	struct hash low, high, names[NAMED_MAX + 1];
	struct stmt *q = NULL;
	int64_t found = 0;
	int rc, count = 0;

	if (prefix_range(&low, &high, prefix) < 0)
		return err_set(e, ERR_ARGS, "%s is no id: an id is 4 to 32 hexadecimal digits", prefix);
	/* The same program may stand in several rows; the first one speaks for it. */
	rc = db_stmt(&q, a->db, "SELECT name, min(id) AS id FROM program "
		"WHERE name BETWEEN :low AND :high GROUP BY name LIMIT 5", e);
	if (rc < 0)
		return rc;
	stmt_put_blob(q, ":low", low.bytes, sizeof(low.bytes));
	stmt_put_blob(q, ":high", high.bytes, sizeof(high.bytes));
	while (count <= NAMED_MAX && (rc = stmt_step(q, e)) == 1) {
		read_hash(&names[count++], q, "name");
		found = stmt_i64(q, "id");
	}
	stmt_done(q);
	if (rc < 0)
		return rc;
	if (count == 0)
		return err_set(e, ERR_MISSING, "there is no program %s", prefix);
	if (count > 1)
		return refuse_ambiguous(prefix, names, count, e);
	*id = found;
	return 0;
}

int catalog_resolve(int64_t *id, struct archive *a, const char *prefix, struct err *e)
{
	int64_t found = 0;
	int rc;

	if (text_equal(prefix, "best"))
		rc = db_number(&found, a->db, "SELECT best FROM tally", e);
	else if (text_equal(prefix, "seed"))
		rc = db_number(&found, a->db, "SELECT seed FROM tally", e);
	else if (strlen(prefix) < PREFIX_DIGITS_MIN)
		return err_set(e, ERR_ARGS, "%s is too short: at least %d digits", prefix,
			PREFIX_DIGITS_MIN);
	else
		return resolve_prefix(id, a, prefix, e);
	if (rc < 0)
		return rc;
	if (found == 0)
		return err_set(e, ERR_MISSING, "the campaign has no %s yet", prefix);
	*id = found;
	return 0;
}

/* ---- lists ---- */

struct list {
	struct archive_program *rows;
	int count, room;
};

static struct archive_program *add_row(struct list *l)
{
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 16;
		l->rows = memory_grow(l->rows, (size_t)l->room, sizeof(l->rows[0]));
	}
	return &l->rows[l->count++];
}

/* Hand the list over, or free it when rc says that it is not whole. */
static int give(struct archive_program **out, int *count, struct list *l, int rc)
{
	if (rc < 0) {
		archive_programs_free(l->rows, l->count);
		return rc;
	}
	*out = l->rows;
	*count = l->count;
	return 0;
}

static int read_rows(struct list *l, struct stmt *q, struct err *e)
{
	int rc;

	while ((rc = stmt_step(q, e)) == 1)
		read_row(add_row(l), q);
	stmt_done(q);
	return rc;
}

/*
 * Each combination has its own text, so that each has its own index. NULL for :verdict means any.
 */
static const char *list_sql(const struct archive *a, const struct archive_filter *f)
{
	if (f->elites_only && f->by_fitness)
		return a->maximise
			? ELITES "WHERE :verdict IN (p.verdict, '') "
			  "ORDER BY e.fitness DESC, e.program LIMIT :limit"
			: ELITES "WHERE :verdict IN (p.verdict, '') "
			  "ORDER BY e.fitness, e.program LIMIT :limit";
	if (f->elites_only)
		return ELITES "WHERE :verdict IN (p.verdict, '') AND p.id < :before "
			"ORDER BY p.id DESC LIMIT :limit";
	if (f->by_fitness)
		return a->maximise
			? PROGRAMS "WHERE p.fitness IS NOT NULL AND :verdict IN (p.verdict, '') "
			  "ORDER BY p.fitness DESC, p.id LIMIT :limit"
			: PROGRAMS "WHERE p.fitness IS NOT NULL AND :verdict IN (p.verdict, '') "
			  "ORDER BY p.fitness, p.id LIMIT :limit";
	if (f->verdict)
		return PROGRAMS "WHERE p.verdict = :verdict AND p.id < :before "
			"ORDER BY p.id DESC LIMIT :limit";
	return PROGRAMS "WHERE :verdict = '' AND p.id < :before ORDER BY p.id DESC LIMIT :limit";
}

int catalog_list(struct archive_program **out, int *count, struct archive *a,
	const struct archive_filter *f, struct err *e)
{
	struct list l = { 0 };
	struct stmt *q = NULL;
	int rc;

	/*
	 * Only what is ok has a fitness; without this a search for another verdict would read them all.
	 */
	if (f->by_fitness && f->verdict && !text_equal(f->verdict, "ok"))
		return give(out, count, &l, 0);
	rc = db_stmt(&q, a->db, list_sql(a, f), e);
	if (rc < 0)
		return rc;
	stmt_put_text(q, ":verdict", f->verdict ? f->verdict : "");
	if (!f->by_fitness)
		stmt_put_i64(q, ":before", f->before_id > 0 ? f->before_id : INT64_MAX);
	stmt_put_i64(q, ":limit", f->limit > 0 ? f->limit : LIST_DEFAULT);
	rc = read_rows(&l, q, e);
	return give(out, count, &l, rc);
}

int catalog_elites(struct archive_program **out, int *count, struct archive *a, struct err *e)
{
	struct list l = { 0 };
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, ELITES "ORDER BY e.cell", e);

	if (rc == 0)
		rc = read_rows(&l, q, e);
	return give(out, count, &l, rc);
}

int catalog_lineage(struct archive_program **out, int *count, struct archive *a, int64_t id,
	struct err *e)
{
	struct list l = { 0 };
	int rc = db_begin(a->db, e);

	if (rc < 0)
		return rc;
	while (rc == 0 && id > 0) {
		struct archive_program p;

		rc = catalog_program(&p, a, id, false, e);
		if (rc == 0)
			rc = err_set(e, ERR_MISSING, "there is no program %lld", (long long)id);
		if (rc < 0)
			break;
		*add_row(&l) = p;
		rc = 0;
		/* Parents are committed before their children, so a file with a cycle in it is damaged. */
		if (p.parent_count > 0 && p.parents[0] >= id)
			rc = err_set(e, ERR_FORMAT, "program %lld is older than its parent", (long long)id);
		id = p.parent_count > 0 ? p.parents[0] : 0;
	}
	rc = db_end(a->db, rc, e);
	return give(out, count, &l, rc);
}
