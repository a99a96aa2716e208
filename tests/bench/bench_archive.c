/*
 * bench_archive - what the archive costs: commits against raw SQLite, and reading at a given size.
 *
 *   bench_archive [PROGRAMS]     default 100000, or 1000000 when CLADE_BENCH_FULL is set
 *
 * The raw side is the sqlite3 API alone with the same tables, settings and rows, packed beforehand;
 * the two take turns of 100 commits, each commit with its own sync. The bulk is written in batches
 * of 100. All in a folder of its own under TMPDIR, removed at the end.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/random.h"
#include "base/text.h"
#include "tests/bench/bench.h"

#define BULK_DEFAULT 100000
#define BULK_FULL 1000000
#define BATCH 100
#define TURNS 24
#define SOURCE_MAX 4096
#define READ_MAX_S 1.0

struct sample {
	struct archive_program p;
	char source[SOURCE_MAX];
	char image[3000];
};

static double seconds_since(int64_t start_ns)
{
	return (double)(clock_now_ns() - start_ns) / 1e9;
}

/*
 * A kernel of some 2 KB of which each variant changes a few lines, and an object that changes with
 * it.
 */
static void fill_sample(struct sample *s, int64_t k)
{
	struct random r;
	size_t size = 0;

	random_keyed(&r, 1, (uint64_t)k);
	for (int line = 0; line < 32; line++) {
		bool changed = random_below(&r, 8) == 0;
		unsigned a = changed ? (unsigned)random_below(&r, 1000) : (unsigned)line;
		unsigned b = changed ? (unsigned)random_below(&r, 16) : (unsigned)line % 16;

		size += (size_t)snprintf(s->source + size, sizeof(s->source) - size,
			"\tt%d = a[i * n + %u] * b[k + %u] + 0.%04u * c[j]; /* step %d of the kernel */\n", line,
			a, b, a * 7 % 9973, line);
	}
	memset(s->image, 0x90, sizeof(s->image));
	for (int i = 0; i < 600; i++)
		s->image[5 * i] = (char)(random_below(&r, 4) ? i * 37 : (int)random_below(&r, 256));
	s->p = (struct archive_program){
		.name = hash_plain(s->source, size), .proposal = k, .source = s->source,
		.source_bytes = size, .flags = "[]", .token = hash_plain(s->source + 1, size - 1),
		.object = hash_plain(s->source + 2, size - 2), .has_object = true, .mutator = "tree",
		.operation = "literal", .parents = { k }, .parent_count = k > 0, .depth = (int)(k % 50),
		.verdict = k % 4 ? "slower" : "ok", .fitness = random_unit(&r), .cell = (k % 4) ? -1 : k % 640,
		.metrics = "{\"speed\":1.25,\"code_bytes\":812}", .features = { 3, 812 }, .code_bytes = 812,
		.created_s = 1700000000 + k, .wall_ns = 61000000, .cpu_ns = 58000000, .pairs = 15,
	};
	s->p.fitness_low = s->p.fitness_high = s->p.fitness;
}

static void commit(struct archive *a, const struct sample *s)
{
	int64_t k = s->p.proposal;
	struct archive_result r = {
		.program = &s->p, .image = s->image, .image_bytes = sizeof(s->image),
		.stages = {
			{ "edit", 20000, 20000, false }, { "compile", 50000000, 48000000, false },
			{ "check", 1000000, 900000, false }, { "race", 2000000, 1900000, k % 4 != 0 },
		},
		.stage_count = 4, .elapsed_ns = k * 1000,
	};
	struct err e = { 0 };

	r.takes_cell = k % 64 == 0;
	if (archive_commit(NULL, NULL, a, &r, &e) < 0)
		bench_stop("commit", &e);
}

static struct archive *create(const char *path)
{
	struct archive_birth b = {
		.problem = "bench", .problem_dir = "/", .settings = "", .manifest = "{}", .machine = "{}",
		.source_path = "seed.c", .maximise = true,
		.grid = { .axis_count = 2, .axes = {
			{ .name = "a", .low = 0, .high = 20, .bins = 20 },
			{ .name = "b", .low = 0, .high = 4096, .bins = 32 },
		} },
	};
	struct archive *a = NULL;
	struct err e = { 0 };

	hash_secret_derive(&b.secret, 1);
	if (archive_create(&a, path, &b, &e) < 0)
		bench_stop("create", &e);
	return a;
}

/* ---- the raw side ---- */

enum { RAW_BEGIN, RAW_PROGRAM, RAW_SOURCE, RAW_IMAGE, RAW_TALLY, RAW_COUNTER, RAW_COMMIT, RAW_COUNT };
static const char *const raw_sql[RAW_COUNT] = {
	"BEGIN IMMEDIATE",
	"INSERT INTO program SELECT * FROM pool.program WHERE id = ?1",
	"INSERT INTO source SELECT * FROM pool.source WHERE program = ?1",
	"INSERT INTO image SELECT * FROM pool.image WHERE program = ?1",
	"UPDATE tally SET evaluations = evaluations + 1, programs = programs + 1",
	("INSERT INTO counter VALUES (?1, ?2, 1, 5, 5, 0) ON CONFLICT DO UPDATE SET "
	 "count = count + 1, wall_ns = wall_ns + 5, cpu_ns = cpu_ns + 5"),
	"COMMIT",
};

struct raw {
	sqlite3 *db;
	sqlite3_stmt *q[RAW_COUNT];
};

static void raw_check(struct raw *w, int rc)
{
	if (rc != SQLITE_OK && rc != SQLITE_DONE) {
		fprintf(stderr, "bench_archive: raw: %s\n", sqlite3_errmsg(w->db));
		exit(1);
	}
}

/* The rows come from tables in memory, filled before each turn. */
static void raw_open(struct raw *w, const char *path, const char *other)
{
	char *attach = text_format("ATTACH '%s' AS other; ATTACH ':memory:' AS pool; "
		"CREATE TABLE pool.program AS SELECT * FROM other.program WHERE 0; "
		"CREATE TABLE pool.source AS SELECT * FROM other.source WHERE 0; "
		"CREATE TABLE pool.image AS SELECT * FROM other.image WHERE 0; "
		"CREATE INDEX pool.i1 ON program (id); CREATE INDEX pool.i2 ON source (program); "
		"CREATE INDEX pool.i3 ON image (program)", other);

	memset(w, 0, sizeof(*w));
	raw_check(w, sqlite3_open(path, &w->db));
	raw_check(w, sqlite3_exec(w->db, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000; "
		"PRAGMA secure_delete = OFF; PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768; "
		"INSERT OR IGNORE INTO operator VALUES (1, 'tree', 'literal')", NULL, NULL, NULL));
	raw_check(w, sqlite3_exec(w->db, attach, NULL, NULL, NULL));
	for (int i = 0; i < RAW_COUNT; i++)
		raw_check(w, sqlite3_prepare_v2(w->db, raw_sql[i], -1, &w->q[i], NULL));
	free(attach);
}

static void raw_run(struct raw *w, int which)
{
	raw_check(w, sqlite3_step(w->q[which]));
	sqlite3_reset(w->q[which]);
}

static void raw_commit(struct raw *w, int64_t id)
{
	static const struct { int kind; const char *name; } counters[] = {
		{ 0, "slower" }, { 1, "edit" }, { 1, "compile" }, { 1, "check" }, { 1, "race" },
		{ 2, "tree/literal" },
	};

	raw_run(w, RAW_BEGIN);
	for (int i = RAW_PROGRAM; i <= RAW_IMAGE; i++) {
		sqlite3_bind_int64(w->q[i], 1, id);
		raw_run(w, i);
	}
	raw_run(w, RAW_TALLY);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		sqlite3_bind_int(w->q[RAW_COUNTER], 1, counters[i].kind);
		sqlite3_bind_text(w->q[RAW_COUNTER], 2, counters[i].name, -1, SQLITE_STATIC);
		raw_run(w, RAW_COUNTER);
	}
	raw_run(w, RAW_COMMIT);
}

static void raw_fill(struct raw *w, int64_t from)
{
	char *sql = text_format("DELETE FROM pool.program; DELETE FROM pool.source; DELETE FROM pool.image; "
		"INSERT OR IGNORE INTO dictionary SELECT * FROM other.dictionary; "
		"INSERT INTO pool.program SELECT * FROM other.program WHERE id >= %lld; "
		"INSERT INTO pool.source SELECT * FROM other.source WHERE program >= %lld; "
		"INSERT INTO pool.image SELECT * FROM other.image WHERE program >= %lld",
		(long long)from, (long long)from, (long long)from);

	raw_check(w, sqlite3_exec(w->db, sql, NULL, NULL, NULL));
	free(sql);
}

static void raw_close(struct raw *w)
{
	for (int i = 0; i < RAW_COUNT; i++)
		sqlite3_finalize(w->q[i]);
	sqlite3_close(w->db);
}

/* ---- the table ---- */

static int bench_commits(void)
{
	static struct sample samples[BATCH];
	double ours[TURNS], raws[TURNS], ratios[TURNS], cpu_ours[TURNS], cpu_raw[TURNS];
	struct archive *a = create("ours");
	int64_t from = 1;
	struct raw w;

	archive_close(create("raw"));
	raw_open(&w, "raw", "ours");
	for (int turn = 0; turn < TURNS; turn++) {
		for (int i = 0; i < BATCH; i++)
			fill_sample(&samples[i], turn * BATCH + i);
		int64_t start = clock_now_ns(), cpu_start = clock_thread_cpu_ns();

		for (int i = 0; i < BATCH; i++)
			commit(a, &samples[i]);
		ours[turn] = BATCH / seconds_since(start);
		cpu_ours[turn] = (double)(clock_thread_cpu_ns() - cpu_start) / 1e3 / BATCH;
		raw_fill(&w, from);
		start = clock_now_ns();
		cpu_start = clock_thread_cpu_ns();
		for (int i = 0; i < BATCH; i++)
			raw_commit(&w, from++);
		raws[turn] = BATCH / seconds_since(start);
		cpu_raw[turn] = (double)(clock_thread_cpu_ns() - cpu_start) / 1e3 / BATCH;
		ratios[turn] = ours[turn] / raws[turn];
	}
	raw_close(&w);
	archive_close(a);
	bench_row("commits a second, one sync each", "", "%.0f", bench_quantile(ours, TURNS, 0.5));
	bench_row("raw SQLite with the same rows", "", "%.0f", bench_quantile(raws, TURNS, 0.5));
	bench_row("CPU us per commit, ours and raw", "", "%.0f and %.0f",
		bench_quantile(cpu_ours, TURNS, 0.5), bench_quantile(cpu_raw, TURNS, 0.5));
	return bench_ratio("commit rate over raw SQLite", ratios, TURNS, 0.90, 0);
}

static int64_t file_bytes(const char *path)
{
	struct stat s;

	return stat(path, &s) == 0 ? s.st_size : 0;
}

static int64_t memory_bytes(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss * 1024;
}

static void bench_bulk(int64_t programs)
{
	static struct sample s;
	struct archive *a = create("bulk");
	int64_t spent_ns = 0, wal = 0, early = 0;
	char text[32];
	struct err e = { 0 };

	for (int64_t k = 0; k < programs; ) {
		if (archive_batch_begin(a, &e) < 0)
			bench_stop("batch", &e);
		for (int i = 0; i < BATCH && k < programs; i++) {
			fill_sample(&s, k++);
			int64_t start = clock_now_ns();

			commit(a, &s);
			spent_ns += clock_now_ns() - start;
		}
		int64_t start = clock_now_ns();

		if (archive_batch_end(a, &e) < 0)
			bench_stop("batch", &e);
		spent_ns += clock_now_ns() - start;
		if (file_bytes("bulk-wal") > wal)
			wal = file_bytes("bulk-wal");
		if (k <= programs / 4)
			early = memory_bytes();
	}
	archive_close(a);
	bench_row("programs a second in batches of 100", "", "%.0f",
		(double)programs * 1e9 / (double)spent_ns);
	bench_row("bytes per program in the file", "", "%.0f",
		(double)file_bytes("bulk") / (double)programs);
	text_human_bytes(text, wal);
	bench_row("largest write-ahead log", "", "%s", text);
	text_human_bytes(text, early);
	bench_row("peak memory after a quarter", "", "%s", text);
	text_human_bytes(text, memory_bytes());
	bench_row("peak memory at the end", "", "%s", text);
}

/* One call, timed once on a file that was just opened: what a user waits for. */
#define TIMED(label, call) do { \
	int64_t start_ = clock_now_ns(); \
	if ((call) < 0) \
		bench_stop(label, &e); \
	missed += timed_row(label, seconds_since(start_)); \
} while (0)

static int timed_row(const char *label, double seconds)
{
	int missed = seconds > READ_MAX_S;

	bench_row(label, "under 1 s", "%.2f ms%s", seconds * 1e3, missed ? " MISSED" : "");
	return missed;
}

static int bench_reading(int64_t programs)
{
	struct archive *a = NULL;
	struct archive_totals t;
	struct archive_program *list = NULL, p = { 0 };
	struct archive_point *points = NULL;
	struct sample s;
	struct err e = { 0 };
	int64_t id = 0;
	int count = 0, missed = 0;

	printf("with %lld programs\n", (long long)programs);
	TIMED("open for writing", archive_open(&a, "bulk", ARCHIVE_WRITE, &e));
	archive_close(a);
	TIMED("open for reading", archive_open(&a, "bulk", ARCHIVE_READ, &e));
	TIMED("totals", archive_totals(&t, a, &e));
	TIMED("next proposal", archive_next_proposal(&id, a, &e));
	fill_sample(&s, programs / 2);
	TIMED("find by token", archive_find_token(&id, a, &s.p.token, &e));
	TIMED("find by object", archive_find_object(&id, a, &s.p.object, &e));
	TIMED("one program with source", archive_program(&p, a, programs / 3, true, &e));
	archive_program_release(&p);
	TIMED("elites", archive_elites(&list, &count, a, &e));
	archive_programs_free(list, count);
	TIMED("the best 100", archive_list(&list, &count, a,
		&(struct archive_filter){ .by_fitness = true, .limit = 100 }, &e));
	archive_programs_free(list, count);
	TIMED("the newest 100 of a verdict", archive_list(&list, &count, a,
		&(struct archive_filter){ .verdict = "slower", .limit = 100 }, &e));
	archive_programs_free(list, count);
	TIMED("a verdict that nobody has", archive_list(&list, &count, a,
		&(struct archive_filter){ .verdict = "cheat" }, &e));
	archive_programs_free(list, count);
	TIMED("progress in 500 points", archive_progress(&points, &count, a, 500, &e));
	free(points);
	archive_close(a);
	return missed;
}

int main(int argc, char **argv)
{
	int64_t programs = getenv("CLADE_BENCH_FULL") ? BULK_FULL : BULK_DEFAULT;
	const char *folder;
	int missed;

	if (argc > 1 && (text_parse_i64(&programs, argv[1]) < 0 || programs < 1)) {
		fprintf(stderr, "usage: bench_archive [PROGRAMS]\n");
		return 2;
	}
	folder = bench_folder();
	if (chdir(folder) < 0) {
		perror(folder);
		return 2;
	}
	missed = bench_commits();
	bench_bulk(programs);
	missed += bench_reading(programs);
	bench_remove();
	return missed > 0;
}
