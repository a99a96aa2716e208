/*
 * Opening, creating, facts and copies of a campaign; the rest of the interface is passed on to the
 * files that do it.
 *
 *   archive.c ─┬─ store    results in        ─┬─ dictionary ── codec
 *              ├─ catalog  programs out       │
 *              ├─ pending  the queue          ├─ db, stmt ── SQLite
 *              ├─ journal  what happened      │
 *              └─ audit    is it all true     └─ schema
 */
#include "archive/archive.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#include "archive/audit.h"
#include "archive/catalog.h"
#include "archive/dictionary.h"
#include "archive/holder.h"
#include "archive/inside.h"
#include "archive/journal.h"
#include "archive/pending.h"
#include "archive/schema.h"
#include "archive/store.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"

#define HEX_MAX (2 * HASH_SECRET_BYTES + 1)

/* ---- meta ---- */

static void hex_of(char *out, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static int bytes_of(uint8_t *out, size_t size, const char *hex)
{
	if (!hex || strlen(hex) != 2 * size || strspn(hex, "0123456789abcdef") != 2 * size)
		return ERR_FORMAT;
	for (size_t i = 0; i < size; i++)
		sscanf(hex + 2 * i, "%2" SCNx8, &out[i]);
	return 0;
}

int archive_meta(char **out, struct archive *a, const char *name, struct err *e)
{
	char *value = NULL;
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "SELECT value FROM meta WHERE name = :name", e);

	if (rc < 0)
		return rc;
	stmt_put_text(q, ":name", name);
	rc = stmt_step(q, e);
	if (rc == 1)
		value = text_copy(stmt_text(q, "value"));
	stmt_done(q);
	if (rc < 0)
		return rc;
	*out = value;
	return 0;
}

static int refuse_reader(const struct archive *a, struct err *e)
{
	if (db_writable(a->db))
		return 0;
	return err_set(e, ERR_ARGS, "the campaign is open for reading only");
}

int archive_meta_set(struct archive *a, const char *name, const char *value, struct err *e)
{
	struct stmt *q = NULL;
	int rc = refuse_reader(a, e);

	if (rc == 0)
		rc = db_stmt(&q, a->db, value
			? "INSERT INTO meta VALUES (:name, :value) "
			  "ON CONFLICT DO UPDATE SET value = excluded.value"
			: "DELETE FROM meta WHERE name = :name AND :value IS NULL", e);
	if (rc < 0)
		return rc;
	stmt_put_text(q, ":name", name);
	stmt_put_text(q, ":value", value);
	rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

/* ---- creating ---- */

static int put_axes(struct archive *a, const struct grid *g, struct err *e)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < g->axis_count; i++) {
		const struct grid_axis *axis = &g->axes[i];
		struct stmt *q = NULL;

		rc = db_stmt(&q, a->db, "INSERT INTO axis VALUES (:position, :name, :unit, :low, :high, "
			":bins, :scale, :refuse)", e);
		if (rc < 0)
			break;
		stmt_put_i64(q, ":position", i);
		stmt_put_text(q, ":name", axis->name);
		stmt_put_text(q, ":unit", axis->unit);
		stmt_put_double(q, ":low", axis->low);
		stmt_put_double(q, ":high", axis->high);
		stmt_put_i64(q, ":bins", axis->bins);
		stmt_put_i64(q, ":scale", axis->scale);
		stmt_put_i64(q, ":refuse", axis->refuse);
		rc = stmt_run(q, e);
		stmt_done(q);
	}
	return rc;
}

static int make_id(char out[HASH_HEX], struct err *e)
{
	struct random r;
	struct hash h;
	int rc = random_fresh(&r, e);

	if (rc < 0)
		return rc;
	random_bytes(&r, h.bytes, sizeof(h.bytes));
	hash_hex(out, &h);
	return 0;
}

static int put_birth(struct archive *a, const struct archive_birth *b, struct err *e)
{
	char id[HASH_HEX], secret[HEX_MAX], key[HEX_MAX], seed[24], created[24];
	int rc = make_id(id, e);

	if (rc < 0)
		return rc;
	hex_of(secret, b->secret.bytes, sizeof(b->secret.bytes));
	hex_of(key, b->input_key, sizeof(b->input_key));
	snprintf(seed, sizeof(seed), "%" PRIu64, b->seed);
	snprintf(created, sizeof(created), "%" PRId64, clock_calendar_s());
	const struct { const char *name, *value; } rows[] = {
		{ "id", id },
		{ "problem", b->problem },
		{ "problem_dir", b->problem_dir },
		{ "settings", b->settings },
		{ "manifest", b->manifest },
		{ "machine", b->machine },
		{ "source_repo", b->source_repo },
		{ "source_commit", b->source_commit },
		{ "source_path", b->source_path },
		{ "direction", b->maximise ? "maximise" : "minimise" },
		{ "seed", seed },
		{ "secret", secret },
		{ "input_key", key },
		{ "created_s", created },
	};
	for (size_t i = 0; rc == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		rc = archive_meta_set(a, rows[i].name, rows[i].value, e);
	return rc < 0 ? rc : put_axes(a, &b->grid, e);
}

static int fill_new(const char *path, const struct archive_birth *birth, struct err *e)
{
	struct archive a = { 0 };
	int rc = db_open(&a.db, path, DB_CREATE, e);

	if (rc < 0)
		return rc;
	rc = schema_upgrade(a.db, schema_steps, schema_latest, e);
	if (rc == 0)
		rc = db_begin(a.db, e);
	if (rc == 0)
		rc = db_end(a.db, put_birth(&a, birth, e), e);
	db_close(a.db);
	return rc;
}

static void remove_with(const char *path, const char *suffix)
{
	char *name = text_format("%s%s", path, suffix);

	unlink(name);
	free(name);
}

/*
 * The campaign is made under another name and then renamed, so that a killed process leaves no half
 * campaign. A -wal file without its database is dead (SQLite would delete it too), but read with a
 * new database it would be taken for its own.
 */
/* Closing moves the WAL into the file; on a full disk it stays beside, and the file alone would be no campaign. */
static int check_whole(const char *made, struct err *e)
{
	char *wal = text_format("%s-wal", made);
	struct stat st;
	int rc = 0;

	if (stat(wal, &st) == 0 && st.st_size > 0)
		rc = err_set(e, ERR_FULL, "the new file cannot be completed: is the disk full?");
	free(wal);
	return rc;
}

static int make_file(const char *path, const struct archive_birth *birth, struct err *e)
{
	char *made = text_format("%s.new-%ld", path, (long)getpid());
	int rc;

	if (fdio_exists(path)) {
		free(made);
		return err_set(e, ERR_BUSY, "the file exists already");
	}
	unlink(made);
	rc = fill_new(made, birth, e);
	if (rc == 0)
		rc = check_whole(made, e);
	remove_with(path, "-wal");
	remove_with(path, "-shm");
	if (rc == 0 && rename(made, path) < 0)
		rc = err_errno(e, ERR_IO, "rename");
	if (rc < 0) {
		unlink(made);
		remove_with(made, "-wal");
		remove_with(made, "-shm");
	}
	free(made);
	return rc;
}

/* ---- opening ---- */

static int load_axes(struct archive *a, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "SELECT name, unit, low, high, bins, scale, refuse FROM axis "
		"ORDER BY position LIMIT 4", e);

	while (rc == 0 && (rc = stmt_step(q, e)) == 1) {
		struct grid_axis *axis = &a->grid.axes[a->grid.axis_count++];

		snprintf(axis->name, sizeof(axis->name), "%s", stmt_text(q, "name"));
		snprintf(axis->unit, sizeof(axis->unit), "%s", stmt_text(q, "unit"));
		axis->low = stmt_double(q, "low");
		axis->high = stmt_double(q, "high");
		axis->bins = (int)stmt_i64(q, "bins");
		axis->scale = (enum grid_scale)stmt_i64(q, "scale");
		axis->refuse = stmt_i64(q, "refuse") != 0;
		rc = 0;
	}
	stmt_done(q);
	return rc < 0 ? rc : grid_check(&a->grid, e);
}

static int load_facts(struct archive *a, struct err *e)
{
	char *id = NULL, *secret = NULL, *direction = NULL;
	int rc = archive_meta(&id, a, "id", e);

	if (rc == 0)
		rc = archive_meta(&secret, a, "secret", e);
	if (rc == 0)
		rc = archive_meta(&direction, a, "direction", e);
	if (rc < 0)
		goto out;
	if (!id || strlen(id) != HASH_HEX - 1 || !direction
		|| bytes_of(a->secret.bytes, sizeof(a->secret.bytes), secret) < 0) {
		rc = err_set(e, ERR_FORMAT, "its facts are damaged");
		goto out;
	}
	memcpy(a->id, id, HASH_HEX);
	a->maximise = text_equal(direction, "maximise");
	rc = load_axes(a, e);
out:
	free(id);
	free(secret);
	free(direction);
	return rc;
}

/* Everything but the holder's lock. */
static int open_file(struct archive **out, const char *path, enum archive_mode mode, struct err *e)
{
	struct archive *a = memory_alloc(sizeof(*a));
	bool writing = mode == ARCHIVE_WRITE;
	int rc = db_open(&a->db, path, writing ? DB_WRITE : DB_READ, e);

	a->codec = codec_new();
	if (rc == 0)
		rc = schema_check(a->db, writing, e);
	if (rc == 0)
		rc = load_facts(a, e);
	if (rc == 0)
		rc = dictionary_load(a, e);
	if (rc == 0 && writing)
		rc = store_recount(a, e);
	if (rc < 0) {
		archive_close(a);
		return rc;
	}
	*out = a;
	return 0;
}

static int open_held(struct archive **out, const char *path, struct holder *h, struct err *e)
{
	int rc = open_file(out, path, ARCHIVE_WRITE, e);

	if (rc < 0)
		holder_release(h);
	else
		(*out)->holder = h;
	return rc;
}

int archive_create(struct archive **out, const char *path, const struct archive_birth *birth,
	struct err *e)
{
	struct holder *h = NULL;
	int rc = grid_check(&birth->grid, e);

	if (rc == 0)
		rc = holder_take(&h, path, e);
	if (rc == 0) {
		rc = make_file(path, birth, e);
		if (rc < 0)
			holder_release(h);
		else
			rc = open_held(out, path, h, e);
	}
	if (rc < 0)
		err_in(e, "%s", path);
	return rc;
}

int archive_open(struct archive **out, const char *path, enum archive_mode mode, struct err *e)
{
	struct holder *h = NULL;
	int rc;

	if (!fdio_exists(path))
		return err_errno(e, errno == ENOENT || errno == ENOTDIR ? ERR_MISSING : ERR_IO, "%s",
			path);
	if (mode == ARCHIVE_READ) {
		rc = open_file(out, path, mode, e);
	} else {
		rc = holder_take(&h, path, e);
		if (rc == 0)
			rc = open_held(out, path, h, e);
	}
	if (rc < 0)
		err_in(e, "%s", path);
	return rc;
}

void archive_close(struct archive *a)
{
	if (!a)
		return;
	db_close(a->db);       /* the last connection copies the WAL into the file and removes it */
	codec_free(a->codec);
	holder_release(a->holder);
	free(a);
}

int archive_holder(const char *path)
{
	return holder_pid(path);
}

/* ---- facts ---- */

const char *archive_id(const struct archive *a)
{
	return a->id;
}

const struct grid *archive_grid(const struct archive *a)
{
	return &a->grid;
}

bool archive_maximise(const struct archive *a)
{
	return a->maximise;
}

const struct hash_secret *archive_secret(const struct archive *a)
{
	return &a->secret;
}

/* ---- batches ---- */

int archive_batch_begin(struct archive *a, struct err *e)
{
	int rc = refuse_reader(a, e);

	return rc < 0 ? rc : db_begin(a->db, e);
}

int archive_batch_end(struct archive *a, struct err *e)
{
	int rc = db_end(a->db, 0, e);

	/* Dictionaries of what was undone must not pack what comes. */
	if (rc < 0) {
		codec_forget(a->codec, 0);
		dictionary_load(a, NULL);
	}
	return rc;
}

/* ---- results ---- */

int archive_commit(int64_t *id, enum archive_add *added, struct archive *a,
	const struct archive_result *r, struct err *e)
{
	int rc = refuse_reader(a, e);

	return rc < 0 ? rc : store_commit(id, added, a, r, e);
}

int archive_rescore(struct archive *a, int64_t id, double fitness, double low, double high,
	const char *metrics_json, int64_t pairs, struct err *e)
{
	int rc = refuse_reader(a, e);

	return rc < 0 ? rc : store_rescore(a, id, fitness, low, high, metrics_json, pairs, e);
}

int archive_set_holdout(struct archive *a, int64_t id, const char *json, struct err *e)
{
	int rc = refuse_reader(a, e);

	return rc < 0 ? rc : store_holdout(a, id, json, e);
}

int archive_demote(struct archive *a, int64_t id, const char *why, struct err *e)
{
	int rc = refuse_reader(a, e);

	return rc < 0 ? rc : store_demote(a, id, why, e);
}

/* ---- screens ---- */

int archive_find_token(int64_t *id, struct archive *a, const struct hash *token, struct err *e)
{
	return catalog_find_token(id, a, token, e);
}

int archive_find_object(int64_t *id, struct archive *a, const struct hash *object, struct err *e)
{
	return catalog_find_object(id, a, object, e);
}

int archive_image(void **bytes, size_t *size, struct archive *a, int64_t id, struct err *e)
{
	return catalog_image(bytes, size, a, id, e);
}

/* ---- queue ---- */

int archive_queue_add(int64_t *id, struct archive *a, int64_t proposal, const char *payload,
	struct err *e)
{
	int rc = refuse_reader(a, e);

	return rc < 0 ? rc : pending_add(id, a, proposal, payload, e);
}

int archive_queue_tried(struct archive *a, int64_t id, struct err *e)
{
	int rc = refuse_reader(a, e);

	return rc < 0 ? rc : pending_tried(a, id, e);
}

int archive_queue_drop(struct archive *a, int64_t id, struct err *e)
{
	int rc = refuse_reader(a, e);

	return rc < 0 ? rc : pending_drop(a, id, e);
}

int archive_queue_list(struct archive_queued **out, int *count, struct archive *a, struct err *e)
{
	return pending_list(out, count, a, e);
}

void archive_queue_free(struct archive_queued *list, int count)
{
	for (int i = 0; list && i < count; i++)
		free(list[i].payload);
	free(list);
}

int archive_next_proposal(int64_t *k, struct archive *a, struct err *e)
{
	return db_number(k, a->db, "SELECT proposal_next FROM tally", e);
}

/* ---- reading ---- */

int archive_totals(struct archive_totals *out, struct archive *a, struct err *e)
{
	return journal_totals(out, a, e);
}

int archive_set_state(struct archive *a, const char *state, const char *why, struct err *e)
{
	int rc = refuse_reader(a, e);

	return rc < 0 ? rc : journal_set_state(a, state, why, e);
}

int archive_set_elapsed(struct archive *a, int64_t elapsed_ns, struct err *e)
{
	int rc = refuse_reader(a, e);

	return rc < 0 ? rc : journal_set_elapsed(a, elapsed_ns, e);
}

int archive_verdicts(struct archive_count **out, int *count, struct archive *a, struct err *e)
{
	return journal_counters(out, count, a, COUNTER_VERDICT, e);
}

int archive_stages(struct archive_count **out, int *count, struct archive *a, struct err *e)
{
	return journal_counters(out, count, a, COUNTER_STAGE, e);
}

int archive_operators(struct archive_count **out, int *count, struct archive *a, struct err *e)
{
	return journal_counters(out, count, a, COUNTER_OPERATOR, e);
}

int archive_program(struct archive_program *out, struct archive *a, int64_t id, bool with_source,
	struct err *e)
{
	return catalog_program(out, a, id, with_source, e);
}

void archive_program_release(struct archive_program *p)
{
	catalog_release(p);
}

int archive_resolve(int64_t *id, struct archive *a, const char *prefix, struct err *e)
{
	return catalog_resolve(id, a, prefix, e);
}

int archive_list(struct archive_program **out, int *count, struct archive *a,
	const struct archive_filter *f, struct err *e)
{
	return catalog_list(out, count, a, f, e);
}

void archive_programs_free(struct archive_program *list, int count)
{
	for (int i = 0; list && i < count; i++)
		catalog_release(&list[i]);
	free(list);
}

int archive_elites(struct archive_program **out, int *count, struct archive *a, struct err *e)
{
	return catalog_elites(out, count, a, e);
}

int archive_lineage(struct archive_program **out, int *count, struct archive *a, int64_t id,
	struct err *e)
{
	return catalog_lineage(out, count, a, id, e);
}

int archive_progress(struct archive_point **out, int *count, struct archive *a, int most,
	struct err *e)
{
	return journal_progress(out, count, a, most, e);
}

int archive_history(struct archive_change **out, int *count, struct archive *a, int64_t cell,
	struct err *e)
{
	return journal_history(out, count, a, cell, e);
}

int archive_events(struct archive_event **out, int *count, struct archive *a, int64_t after_id,
	int most, struct err *e)
{
	return journal_events(out, count, a, after_id, most, e);
}

void archive_events_free(struct archive_event *list, int count)
{
	for (int i = 0; list && i < count; i++)
		free(list[i].text);
	free(list);
}

int archive_event_add(struct archive *a, const char *kind, const char *text, struct err *e)
{
	int rc = refuse_reader(a, e);

	return rc < 0 ? rc : journal_event_add(a, kind, text, e);
}

int archive_verify(struct archive *a, struct err *e)
{
	return audit_run(a, e);
}

/* ---- copies ---- */

/* All pages in one step: in WAL mode that reads one moment and keeps no writer waiting. */
static int copy_pages(struct archive *a, struct db *to, struct err *e)
{
	sqlite3_backup *b = sqlite3_backup_init(db_handle(to), "main", db_handle(a->db), "main");
	int step, rc = 0;

	if (!b)
		return db_failed(to, "backup", e);
	step = sqlite3_backup_step(b, -1);
	sqlite3_backup_finish(b);
	if (step != SQLITE_DONE)
		rc = db_failed(to, "backup", e);
	return rc;
}

/*
 * link() refuses a name that came to be meanwhile; file systems without links get what comes next
 * to it.
 */
static int name_copy(const char *made, const char *path, struct err *e)
{
	if (link(made, path) == 0)
		return 0;
	if ((errno == EPERM || errno == EOPNOTSUPP) && !fdio_exists(path) && rename(made, path) == 0)
		return 0;
	return err_errno(e, errno == EEXIST ? ERR_BUSY : ERR_IO, "%s", path);
}

/* SQLite's own check of the copy; ERR_FORMAT with its first words. */
static int audit_pages(struct db *copy, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, copy, "PRAGMA quick_check(1)", e);

	if (rc == 0)
		rc = stmt_step(q, e);
	if (rc == 1 && !text_equal(stmt_text(q, "quick_check"), "ok"))
		rc = err_set(e, ERR_FORMAT, "the campaign is damaged, and so would be its copy: %s", stmt_text(q, "quick_check"));
	stmt_done(q);
	return rc < 0 ? rc : 0;
}

int archive_backup(struct archive *a, const char *path, struct err *e)
{
	char *made = text_format("%s.new-%ld", path, (long)getpid());
	struct db *to = NULL;
	int rc = 0;

	if (fdio_exists(path))
		rc = err_set(e, ERR_BUSY, "%s exists already", path);
	if (rc < 0)
		goto out;
	unlink(made);
	rc = db_open(&to, made, DB_CREATE, e);
	if (rc == 0)
		rc = copy_pages(a, to, e);
	if (rc == 0)          /* a damaged campaign gives a damaged copy: say so now, not when it is needed */
		rc = audit_pages(to, e);
	db_close(to);
	if (rc == 0)
		rc = name_copy(made, path, e);
	unlink(made);
	remove_with(made, "-wal");
	remove_with(made, "-shm");
out:
	free(made);
	return rc;
}
