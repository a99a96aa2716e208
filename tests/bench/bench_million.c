/*
 * bench_million.c - opening, resuming and asking a campaign of 1,000,000 programs.
 *
 *   clade run exp2_ops ──▶ small.clade ── its rows again and again, under new ids and hashes ──▶ million.clade
 *
 * A real campaign file, so that the real commands work on it. Resuming is judged by what it takes longer than resuming the small file, in turns: the
 * rest is starting workers and evaluating. "cold" is with the file dropped from the page cache.
 */
#include <math.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "archive/archive.h"
#include "tests/bench/bench.h"

#define PROGRAMS 1000000
#define FIRST "300"            /* evaluations of the real campaign */
#define ROUNDS 6
#define SPAN_MOST_S 1.0

/* ---- making the file ---- */

static void sql(sqlite3 *db, const char *text)
{
	char *why = NULL;

	if (sqlite3_exec(db, text, NULL, NULL, &why) == SQLITE_OK)
		return;
	fprintf(stderr, "bench_million: %s: %s\n", text, why);
	exit(2);
}

static int64_t number(sqlite3 *db, const char *text)
{
	sqlite3_stmt *q = NULL;
	int64_t value = -1;

	if (sqlite3_prepare_v2(db, text, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		value = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return value;
}

/* Unsafe settings while it grows: a bench that is killed leaves nothing of worth. */
static const char begin[] =
	"PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA cache_size = -524288; PRAGMA temp_store = MEMORY; PRAGMA locking_mode = EXCLUSIVE;"
	"BEGIN;"
	"CREATE TEMP TABLE p AS SELECT * FROM program;"
	"CREATE TEMP TABLE s AS SELECT * FROM source;"
	"CREATE TEMP TABLE i AS SELECT * FROM image;";

/* 1: rows of a copy, 2: its proposals. A copy's parents are its own. */
static const char copy[] =
	"UPDATE temp.p SET id = id + %1$lld, proposal = proposal + %2$lld, name = randomblob(16), token = randomblob(16),"
	" object = iif(object IS NULL, NULL, randomblob(16)), parent_1 = parent_1 + %1$lld, parent_2 = parent_2 + %1$lld,"
	" duplicate_of = duplicate_of + %1$lld;"
	"UPDATE temp.s SET program = program + %1$lld;"
	"UPDATE temp.i SET program = program + %1$lld;"
	"INSERT INTO program SELECT * FROM temp.p;"
	"INSERT INTO source SELECT * FROM temp.s;"
	"INSERT INTO image SELECT * FROM temp.i;";

static const char end[] =
	"UPDATE tally SET evaluations = evaluations * (SELECT count(*) FROM program) / programs;"
	"UPDATE counter SET count = count * (SELECT count(*) FROM program) / (SELECT programs FROM tally);"
	"UPDATE tally SET programs = (SELECT count(*) FROM program), proposal_next = (SELECT max(proposal) + 1 FROM program);"
	"COMMIT; PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL;";

static void grow(const char *path)
{
	sqlite3 *db = NULL;
	char *one;

	if (sqlite3_open(path, &db) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(db));
		exit(2);
	}
	sql(db, begin);
	int64_t rows = number(db, "SELECT max(id) FROM program"), proposals = number(db, "SELECT max(proposal) + 1 FROM program");
	one = text_format(copy, (long long)rows, (long long)proposals);
	for (int64_t made = rows; made < PROGRAMS; made += rows)
		sql(db, one);
	free(one);
	sql(db, end);
	sqlite3_close(db);
}

/* ---- asking it ---- */

static void drop_cache(const char *path)
{
	int fd = open(path, O_RDONLY);

	fsync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

/* What `resume` reads before its first proposal. */
static double open_ms(const char *path)
{
	struct archive_program *elites = NULL;
	struct archive_queued *queued = NULL;
	struct archive *a = NULL;
	struct archive_totals t;
	int64_t began_ns = clock_now_ns(), k;
	int count, queued_count;
	struct err e = { 0 };

	if (archive_open(&a, path, ARCHIVE_WRITE, &e) < 0 || archive_totals(&t, a, &e) < 0 || archive_elites(&elites, &count, a, &e) < 0 ||
	    archive_queue_list(&queued, &queued_count, a, &e) < 0 || archive_next_proposal(&k, a, &e) < 0)
		bench_stop(path, &e);
	double ms = (double)(clock_now_ns() - began_ns) / 1e6;
	archive_programs_free(elites, count);
	archive_queue_free(queued, queued_count);
	archive_close(a);
	return ms;
}

static double command_s(const char *command, const char *path, const char *log)
{
	if (text_equal(command, "resume"))
		return bench_clade((const char *const[]){ "resume", path, "--evaluations", "1", "--quiet", NULL }, log);
	return bench_clade((const char *const[]){ command, path, "--json", NULL }, log);
}

/* A row of seconds; 1 when they are surely over the target. */
static int row_seconds(const char *what, double *seconds, int n)
{
	struct duel_interval median = duel_median(seconds, n, 0.05);
	int missed = median.low > SPAN_MOST_S;

	qsort(seconds, (size_t)n, sizeof(*seconds), bench_by_value);
	bench_row(what, "under 1", "%.3f (%.3f .. %.3f)%s", median.estimate, seconds[0], seconds[n - 1], missed ? " MISSED" : "");
	return missed;
}

static int ask(const char *small, const char *million, const char *log)
{
	double opened[ROUNDS], cold[ROUNDS], status[ROUNDS], resumed[ROUNDS], longer[ROUNDS];
	int missed = 0;

	for (int round = 0; round < ROUNDS; round++) {
		drop_cache(million);
		cold[round] = command_s("status", million, log);
		status[round] = command_s("status", million, log);
		drop_cache(million);
		opened[round] = open_ms(million) / 1e3;
		resumed[round] = command_s("resume", million, log);
		longer[round] = resumed[round] - command_s("resume", small, log);
	}
	missed |= row_seconds("open, totals, elites, queue, next proposal, cold (s)", opened, ROUNDS);
	missed |= row_seconds("clade status, cold (s)", cold, ROUNDS);
	missed |= row_seconds("clade status, again (s)", status, ROUNDS);
	missed |= row_seconds("clade resume for one evaluation, over that of a small file (s)", longer, ROUNDS);
	bench_row("  clade resume for one evaluation, with its workers' start (s)", "", "%.3f", bench_quantile(resumed, ROUNDS, 0.5));
	return missed;
}

int main(void)
{
	const char *folder = bench_folder();
	char *small = text_format("%s/small.clade", folder), *million = text_format("%s/million.clade", folder);
	char *log = text_format("%s/log", folder);
	int64_t began_ns = clock_now_ns();
	struct stat st;
	int missed;

	bench_clade((const char *const[]){ "run", "exp2_ops", "--file", small, "--seed", "1", "--quiet", "--evaluations", FIRST, "--wall", "90s",
		NULL }, log);
	if (bench_run((const char *const[]){ "cp", small, million, NULL }, log, NULL) != 0)
		return 2;
	grow(million);
	if (stat(million, &st) < 0)
		return 2;
	bench_row("programs in the file; its MB; seconds to make it", "", "%d; %.0f; %.0f", PROGRAMS, (double)st.st_size / 1e6,
		(double)(clock_now_ns() - began_ns) / 1e9);
	missed = ask(small, million, log);
	free(small);
	free(million);
	free(log);
	bench_remove();
	return missed;
}
