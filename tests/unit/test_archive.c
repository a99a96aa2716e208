#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "archive/archive.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/random.h"
#include "base/text.h"

/* ---- a campaign to work on ---- */

static struct archive_birth sample_birth(void)
{
	struct archive_birth b = {
		.problem = "exp2_ops", .problem_dir = "/problems/exp2_ops", .settings = "seed: 7\n",
		.manifest = "{}", .machine = "{\"cpu\":\"x\"}", .source_path = "seed.c",
		.grid = { .axis_count = 2, .axes = {
			{ .name = "operations", .low = 0, .high = 20, .bins = 20 },
			{ .name = "size", .unit = "B", .low = 16, .high = 4096, .bins = 8,
			  .scale = GRID_LOG2, .refuse = true },
		} },
		.maximise = true, .seed = UINT64_MAX,
	};

	hash_secret_derive(&b.secret, 1);
	memset(b.input_key, 0xab, sizeof(b.input_key));
	return b;
}

static struct archive *create(const char *path)
{
	struct archive_birth b = sample_birth();
	struct archive *a = NULL;
	struct err e = { 0 };

	if (archive_create(&a, path, &b, &e) < 0)
		print_message("%s\n", e.text);
	assert_non_null(a);
	return a;
}

static struct archive *open_mode(const char *path, enum archive_mode mode)
{
	struct archive *a = NULL;
	struct err e = { 0 };

	if (archive_open(&a, path, mode, &e) < 0)
		print_message("%s\n", e.text);
	assert_non_null(a);
	return a;
}

static void verify(struct archive *a)
{
	struct err e = { 0 };
	int rc = archive_verify(a, &e);

	if (rc < 0)
		print_message("%s\n", e.text);
	assert_int_equal(rc, 0);
}

/* A program that differs from all others by its number; its texts are literals or the caller's. */
struct sample {
	struct archive_program p;
	char source[512];
};

static void fill_sample(struct sample *s, int64_t proposal, double fitness, int64_t cell)
{
	int size = snprintf(s->source, sizeof(s->source), "int f(int x)\n{\n\treturn x * %lld + %d;\n}\n"
		"/* the part that all variants of a seed have in common, so that there is something */\n",
		(long long)proposal, (int)(proposal % 97));

	s->p = (struct archive_program){
		.name = hash_plain(s->source, (size_t)size), .proposal = proposal, .source = s->source,
		.source_bytes = (size_t)size, .flags = "[\"-O3\"]", .mutator = "tree", .operation = "literal",
		.verdict = "ok", .fitness = fitness, .fitness_low = fitness, .fitness_high = fitness,
		.metrics = "{\"digits\":5}", .cell = cell, .features = { 1, 20 }, .code_bytes = 64,
		.created_s = 1700000000, .wall_ns = 100, .cpu_ns = 90, .pairs = 30,
	};
	s->p.token = hash_plain(s->source, (size_t)size - 1);
	s->p.object = hash_plain(s->source, (size_t)size - 2);
	s->p.has_object = true;
}

static int64_t commit_sample(struct archive *a, struct sample *s, bool takes, enum archive_add *added)
{
	struct archive_result r = {
		.program = &s->p, .takes_cell = takes, .image = s->source, .image_bytes = 200,
		.stages = { { "compile", 50, 45, false }, { "check", 50, 45, !takes } }, .stage_count = 2,
		.elapsed_ns = (s->p.proposal + 1) * 1000,
	};
	struct err e = { 0 };
	int64_t id = 0;

	if (archive_commit(&id, added, a, &r, &e) < 0)
		print_message("%s\n", e.text);
	assert_true(id > 0);
	return id;
}

static int64_t commit_one(struct archive *a, int64_t proposal, double fitness, int64_t cell)
{
	struct sample s;

	fill_sample(&s, proposal, fitness, cell);
	return commit_sample(a, &s, true, NULL);
}

static int64_t commit_failed(struct archive *a, int64_t proposal, const char *verdict)
{
	struct sample s;

	fill_sample(&s, proposal, NAN, -1);
	s.p.verdict = (char *)verdict;
	s.p.reason = "because";
	return commit_sample(a, &s, false, NULL);
}

static struct archive_totals totals_of(struct archive *a)
{
	struct archive_totals t;

	assert_int_equal(archive_totals(&t, a, NULL), 0);
	return t;
}

static int enter_scratch(void **state)
{
	char *folder = text_copy("/tmp/test_archive.XXXXXX");

	*state = folder;
	return !mkdtemp(folder) || chdir(folder) < 0;
}

static int leave_scratch(void **state)
{
	char *command = text_format("rm -rf '%s'", (char *)*state);
	int rc = chdir("/") < 0 || system(command) != 0;

	free(command);
	free(*state);
	return rc;
}

static int clear_scratch(void **state)
{
	(void)state;
	return system("rm -rf -- *");
}

/* Another program's hand in the file. */
static void tamper(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *text = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
		print_message("%s\n", text);
	assert_null(text);
	sqlite3_close(db);
}

/* ---- opening ---- */

static void a_campaign_remembers_its_birth(void **state)
{
	static const char *const facts[][2] = {
		{ "problem", "exp2_ops" }, { "settings", "seed: 7\n" }, { "source_path", "seed.c" },
		{ "seed", "18446744073709551615" }, { "machine", "{\"cpu\":\"x\"}" },
		{ "input_key", "abababababababababababababababababababababababababababababababab" },
	};
	struct archive_birth b = sample_birth();
	struct archive *a = create("c");
	char *id = text_copy(archive_id(a)), *value = NULL;

	(void)state;
	archive_close(a);
	a = open_mode("c", ARCHIVE_READ);
	assert_string_equal(archive_id(a), id);
	assert_int_equal(strlen(id), 32);
	assert_true(archive_maximise(a));
	assert_memory_equal(archive_secret(a), &b.secret, sizeof(b.secret));
	assert_int_equal(archive_grid(a)->axis_count, 2);
	assert_memory_equal(&archive_grid(a)->axes[1], &b.grid.axes[1], offsetof(struct grid_axis, bins));
	assert_true(archive_grid(a)->axes[1].scale == GRID_LOG2 && archive_grid(a)->axes[1].refuse);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		assert_int_equal(archive_meta(&value, a, facts[i][0], NULL), 0);
		assert_string_equal(value, facts[i][1]);
		free(value);
	}
	assert_int_equal(archive_meta(&value, a, "source_repo", NULL), 0);
	assert_null(value);
	archive_close(a);
	free(id);
}

static void a_closed_campaign_is_one_file_with_the_promised_settings(void **state)
{
	struct archive *a = create("c");
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;

	(void)state;
	commit_one(a, 0, 1, 3);
	assert_true(fdio_exists("c-wal"));
	archive_close(a);
	assert_false(fdio_exists("c-wal"));
	assert_false(fdio_exists("c-shm"));
	assert_false(fdio_exists("c-lock"));
	sqlite3_open("c", &db);
	sqlite3_prepare_v2(db, "SELECT page_size, journal_mode, user_version, "
		"(SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%STRICT%') "
		"FROM pragma_page_size, pragma_journal_mode, pragma_user_version", -1, &q, NULL);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(q, 0), 8192);
	assert_string_equal(sqlite3_column_text(q, 1), "wal");
	assert_int_equal(sqlite3_column_int(q, 2), 1);
	assert_int_equal(sqlite3_column_int(q, 3), 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
}

static void an_existing_file_is_not_overwritten(void **state)
{
	struct archive_birth b = sample_birth();
	struct archive *a = NULL;
	char *text = NULL;

	(void)state;
	fdio_write_file("c", "precious", 8, NULL);
	assert_int_equal(archive_create(&a, "c", &b, NULL), ERR_BUSY);
	assert_null(a);
	assert_int_equal(fdio_read_file(&text, NULL, "c", 100, NULL), 0);
	assert_string_equal(text, "precious");
	free(text);
	assert_int_equal(archive_create(&a, "none/c", &b, NULL), ERR_MISSING);
	b.grid.axis_count = 0;
	assert_int_equal(archive_create(&a, "d", &b, NULL), ERR_ARGS);
	assert_false(fdio_exists("d"));
}

/*
 * rm of the campaign after a kill leaves its -wal; SQLite would replay that into a new file of the
 * same name.
 */
static void the_log_of_a_removed_campaign_does_not_leak_into_a_new_one(void **state)
{
	struct archive *a = create("c");

	(void)state;
	commit_one(a, 0, 1, 3);
	if (system("cp c-wal kept && cp c-shm kept-shm") != 0)
		fail();
	archive_close(a);
	if (system("rm c && mv kept c-wal && mv kept-shm c-shm") != 0)
		fail();
	a = create("c");
	assert_int_equal(totals_of(a).programs, 0);
	verify(a);
	archive_close(a);
}

static void only_one_process_writes_and_others_learn_who(void **state)
{
	int ready[2], status;
	struct archive *a = NULL;
	struct err e = { 0 };
	char pid_text[32], byte;
	pid_t pid;

	(void)state;
	archive_close(create("c"));
	assert_int_equal(archive_holder("c"), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		open_mode("c", ARCHIVE_WRITE);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(archive_holder("c"), pid);
	assert_int_equal(archive_open(&a, "c", ARCHIVE_WRITE, &e), ERR_BUSY);
	snprintf(pid_text, sizeof(pid_text), "process %d", (int)pid);
	assert_non_null(strstr(e.text, pid_text));
	assert_null(a);
	archive_close(open_mode("c", ARCHIVE_READ));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(archive_holder("c"), 0);
	archive_close(open_mode("c", ARCHIVE_WRITE));
	close(ready[0]);
	close(ready[1]);
}

static void what_is_no_campaign_is_refused(void **state)
{
	struct archive *a = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(archive_open(&a, "absent", ARCHIVE_READ, &e), ERR_MISSING);
	assert_int_equal(archive_open(&a, "absent", ARCHIVE_WRITE, &e), ERR_MISSING);
	assert_false(fdio_exists("absent"));
	fdio_write_file("text", "this is a text and no database at all, with some more bytes", 59, NULL);
	assert_int_equal(archive_open(&a, "text", ARCHIVE_READ, &e), ERR_FORMAT);
	assert_int_equal(archive_open(&a, "text", ARCHIVE_WRITE, &e), ERR_FORMAT);
	fdio_write_file("empty", "", 0, NULL);
	assert_int_equal(archive_open(&a, "empty", ARCHIVE_READ, &e), ERR_FORMAT);
	assert_int_equal(archive_open(&a, "empty", ARCHIVE_WRITE, &e), ERR_FORMAT);
	tamper("other", "CREATE TABLE t (x); PRAGMA user_version = 1");
	assert_int_equal(archive_open(&a, "other", ARCHIVE_WRITE, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "not a campaign"));
	assert_null(a);
	assert_false(fdio_exists("other-lock"));
}

static void a_file_of_a_newer_version_is_refused_and_left_alone(void **state)
{
	struct archive *a = NULL;
	struct err e = { 0 };

	(void)state;
	archive_close(create("c"));
	tamper("c", "PRAGMA user_version = 999");
	assert_int_equal(archive_open(&a, "c", ARCHIVE_READ, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "newer"));
	assert_int_equal(archive_open(&a, "c", ARCHIVE_WRITE, &e), ERR_FORMAT);
	assert_null(a);
	tamper("c", "PRAGMA user_version = 1");
	archive_close(open_mode("c", ARCHIVE_WRITE));
}

static void a_reader_cannot_write_and_sees_what_is_committed(void **state)
{
	struct archive *a = create("c"), *reader = open_mode("c", ARCHIVE_READ);
	struct sample s;
	struct archive_result r = { .program = &s.p, .takes_cell = true };
	int64_t id;

	(void)state;
	fill_sample(&s, 0, 1, 3);
	assert_int_equal(archive_commit(&id, NULL, reader, &r, NULL), ERR_ARGS);
	assert_int_equal(archive_queue_add(&id, reader, 0, "{}", NULL), ERR_ARGS);
	assert_int_equal(archive_meta_set(reader, "x", "y", NULL), ERR_ARGS);
	assert_int_equal(totals_of(reader).programs, 0);
	commit_one(a, 0, 1, 3);
	assert_int_equal(totals_of(reader).programs, 1);
	verify(reader);
	archive_close(a);
	archive_close(reader);
}

/* A folder that takes no -shm file, as on a medium that is mounted read-only. */
static void a_campaign_on_a_read_only_medium_opens(void **state)
{
	struct archive *a = create("c");
	int status;
	pid_t pid;

	(void)state;
	commit_one(a, 0, 1, 3);
	archive_close(a);
	assert_int_equal(mkdir("ro %?#", 0755), 0);
	assert_int_equal(rename("c", "ro %?#/c"), 0);
	assert_int_equal(chmod("ro %?#/c", 0444), 0);
	assert_int_equal(chmod("ro %?#", 0555), 0);
	assert_int_equal(chmod(".", 0755), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(2);
		a = open_mode("ro %?#/c", ARCHIVE_READ);
		_exit(totals_of(a).programs != 1 || fdio_exists("ro %?#/c-shm"));
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(chmod("ro %?#", 0755), 0);
}

/* ---- results ---- */

static void a_program_comes_back_as_it_was_committed(void **state)
{
	struct archive *a = create("c");
	struct archive_program p = { 0 };
	struct sample s;
	int64_t seed = commit_one(a, 0, 1, 3), id;

	(void)state;
	fill_sample(&s, 1, 0.1 + 0.2, 5);
	s.p.parents[0] = seed;
	s.p.parent_count = 1;
	s.p.depth = 1;
	s.p.holdout = "{\"digits\":4}";
	id = commit_sample(a, &s, true, NULL);
	assert_int_equal(archive_program(&p, a, id, true, NULL), 1);
	assert_int_equal(p.source_bytes, s.p.source_bytes);
	assert_string_equal(p.source, s.source);
	assert_true(hash_equal(&p.name, &s.p.name) && hash_equal(&p.token, &s.p.token));
	assert_true(p.has_object && hash_equal(&p.object, &s.p.object));
	assert_string_equal(p.flags, "[\"-O3\"]");
	assert_string_equal(p.mutator, "tree");
	assert_string_equal(p.operation, "literal");
	assert_string_equal(p.verdict, "ok");
	assert_null(p.reason);
	assert_string_equal(p.metrics, "{\"digits\":5}");
	assert_string_equal(p.holdout, "{\"digits\":4}");
	assert_true(p.fitness == 0.1 + 0.2 && p.fitness_low == p.fitness && p.features[1] == 20);
	assert_true(isnan(p.features[2]));
	assert_true(p.parent_count == 1 && p.parents[0] == seed && p.depth == 1 && p.proposal == 1);
	assert_true(p.cell == 5 && p.elite && p.pairs == 30 && p.code_bytes == 64 && p.cpu_ns == 90);
	archive_program_release(&p);
	assert_int_equal(archive_program(&p, a, id, false, NULL), 1);
	assert_null(p.source);
	archive_program_release(&p);
	assert_int_equal(archive_program(&p, a, 99, true, NULL), 0);
	archive_close(a);
}

static void the_map_tells_new_from_improved_and_counts(void **state)
{
	struct archive *a = create("c");
	enum archive_add added = ARCHIVE_NOT_ADDED;
	struct archive_totals t;
	struct sample s;

	(void)state;
	fill_sample(&s, 0, 4, 3);
	commit_sample(a, &s, true, &added);
	assert_int_equal(added, ARCHIVE_NEW);
	fill_sample(&s, 1, 6.5, 3);
	int64_t better = commit_sample(a, &s, true, &added);
	assert_int_equal(added, ARCHIVE_IMPROVED);
	fill_sample(&s, 2, 5, 3);
	int64_t worse = commit_sample(a, &s, false, &added);
	assert_int_equal(added, ARCHIVE_NOT_ADDED);
	fill_sample(&s, 3, 2, 159);
	commit_sample(a, &s, true, &added);
	assert_int_equal(added, ARCHIVE_NEW);
	commit_failed(a, 4, "crash");
	t = totals_of(a);
	assert_true(t.evaluations == 5 && t.programs == 5 && t.cells_filled == 2 && t.cells == 160);
	assert_true(t.best_id == better && t.best == 6.5 && t.seed_fitness == 4);
	assert_true(t.qd_score == 2.5);   /* 6.5 - 4, and nothing for what is worse than the seed */
	assert_true(t.elapsed_ns == 5000);
	assert_string_equal(t.state, "new");
	struct archive_program p = { 0 };
	archive_program(&p, a, worse, false, NULL);
	assert_false(p.elite);
	archive_program_release(&p);
	verify(a);
	archive_close(a);
}

static void less_is_better_where_the_direction_says_so(void **state)
{
	struct archive_birth b = sample_birth();
	struct archive *a = NULL;
	struct archive_program *list = NULL;
	int count = 0;

	(void)state;
	b.maximise = false;
	assert_int_equal(archive_create(&a, "c", &b, NULL), 0);
	commit_one(a, 0, 4, 3);
	int64_t best = commit_one(a, 1, 1, 4);
	commit_one(a, 2, 9, 5);
	assert_true(totals_of(a).best_id == best && totals_of(a).qd_score == 3);
	assert_int_equal(archive_list(&list, &count, a, &(struct archive_filter){ .by_fitness = true },
		NULL), 0);
	assert_true(count == 3 && list[0].id == best && list[2].fitness == 9);
	archive_programs_free(list, count);
	verify(a);
	archive_close(a);
}

/* The verdict is looked at before the fitness: what is not ok has no score, and NaN is none. */
static void scores_without_a_right_to_one_are_refused_or_dropped(void **state)
{
	struct archive *a = create("c");
	struct archive_program p = { 0 };
	struct sample s;
	struct archive_result r = { .program = &s.p, .takes_cell = true };
	double bad[] = { NAN, INFINITY, -INFINITY };

	(void)state;
	for (int i = 0; i < 3; i++) {
		fill_sample(&s, 0, bad[i], 3);
		assert_int_equal(archive_commit(NULL, NULL, a, &r, NULL), ERR_FORMAT);
	}
	fill_sample(&s, 0, 1, 160);
	assert_int_equal(archive_commit(NULL, NULL, a, &r, NULL), ERR_ARGS);
	fill_sample(&s, 0, 1, -1);
	assert_int_equal(archive_commit(NULL, NULL, a, &r, NULL), ERR_ARGS);
	fill_sample(&s, 0, 1e9, 3);
	s.p.verdict = "cheat";
	assert_int_equal(archive_commit(NULL, NULL, a, &r, NULL), ERR_ARGS);
	assert_int_equal(totals_of(a).programs, 0);
	assert_int_equal(archive_program(&p, a, commit_sample(a, &s, false, NULL), false, NULL), 1);
	assert_true(isnan(p.fitness) && p.cell == -1);
	archive_program_release(&p);
	assert_int_equal(totals_of(a).best_id, 0);
	verify(a);
	archive_close(a);
}

static void duplicates_are_counted_and_spared(void **state)
{
	struct archive *a = create("c");
	int64_t first = commit_one(a, 0, 1, 3), id = -1;
	struct sample s;
	struct archive_result r = {
		.program = &s.p, .duplicate_level = "token", .duplicate_of = first, .spared_cpu_ns = 90,
	};
	struct archive_totals t;

	(void)state;
	fill_sample(&s, 1, NAN, -1);
	assert_int_equal(archive_commit(&id, NULL, a, &r, NULL), ERR_ARGS);
	s.p.verdict = "duplicate";
	assert_int_equal(archive_commit(&id, NULL, a, &r, NULL), 0);
	assert_int_equal(id, 0);
	s.p.proposal = 2;
	r.duplicate_level = "object";
	r.spared_cpu_ns = 40;
	assert_int_equal(archive_commit(&id, NULL, a, &r, NULL), 0);
	assert_true(id > first);
	t = totals_of(a);
	assert_true(t.evaluations == 1 && t.programs == 2 && t.spared_cpu_ns == 130);
	assert_true(t.duplicates_token == 1 && t.duplicates_object == 1);
	r.duplicate_level = "behaviour";
	assert_int_equal(archive_commit(&id, NULL, a, &r, NULL), ERR_ARGS);
	verify(a);
	archive_close(a);
}

static void the_first_program_with_a_hash_is_found(void **state)
{
	struct archive *a = create("c");
	struct sample s, twin;
	struct hash none = { { 1 } };
	int64_t id = 0, first;
	void *image = NULL;
	size_t size = 0;

	(void)state;
	fill_sample(&s, 0, 1, 3);
	first = commit_sample(a, &s, true, NULL);
	fill_sample(&twin, 1, 1, 4);
	twin.p.token = s.p.token;
	twin.p.object = s.p.object;
	commit_sample(a, &twin, false, NULL);
	assert_int_equal(archive_find_token(&id, a, &s.p.token, NULL), 1);
	assert_int_equal(id, first);
	assert_int_equal(archive_find_object(&id, a, &s.p.object, NULL), 1);
	assert_int_equal(id, first);
	assert_int_equal(archive_find_token(&id, a, &none, NULL), 0);
	assert_int_equal(archive_find_object(&id, a, &none, NULL), 0);
	assert_int_equal(archive_image(&image, &size, a, first, NULL), 0);
	assert_int_equal(size, 200);
	assert_memory_equal(image, s.source, 100);
	free(image);
	assert_int_equal(archive_image(&image, &size, a, 77, NULL), ERR_MISSING);
	archive_close(a);
}

static void new_scores_and_demotions_move_the_map(void **state)
{
	struct archive *a = create("c");
	int64_t seed = commit_one(a, 0, 4, 3), good = commit_one(a, 1, 9, 4), other = commit_one(a, 2, 6, 5);
	struct archive_change *changes = NULL;
	struct archive_program p = { 0 };
	int count = 0;

	(void)state;
	assert_true(totals_of(a).qd_score == 7);
	assert_int_equal(archive_rescore(a, good, 5, 4.5, 5.5, "{\"x\":1}", 60, NULL), 0);
	assert_true(totals_of(a).best_id == other && totals_of(a).qd_score == 3);
	archive_program(&p, a, good, false, NULL);
	assert_true(p.fitness == 5 && p.fitness_low == 4.5 && p.pairs == 60);
	assert_string_equal(p.metrics, "{\"x\":1}");
	archive_program_release(&p);
	assert_int_equal(archive_rescore(a, seed, 5, 5, 5, NULL, 60, NULL), 0);
	assert_true(totals_of(a).qd_score == 1 && totals_of(a).seed_fitness == 5);
	assert_int_equal(archive_rescore(a, good, NAN, 0, 0, NULL, 1, NULL), ERR_FORMAT);
	assert_int_equal(archive_rescore(a, 77, 1, 1, 1, NULL, 1, NULL), ERR_MISSING);
	assert_int_equal(archive_demote(a, other, "wrong on other inputs", NULL), 0);
	assert_true(totals_of(a).cells_filled == 2 && totals_of(a).qd_score == 0);
	assert_int_equal(archive_demote(a, other, "again", NULL), ERR_MISSING);
	assert_int_equal(archive_history(&changes, &count, a, 5, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(changes[0].why, "new");
	assert_string_equal(changes[1].why, "wrong on other inputs");
	free(changes);
	assert_int_equal(archive_history(&changes, &count, a, -1, NULL), 0);
	assert_int_equal(count, 6);
	assert_true(changes[3].program == good && changes[3].fitness == 5);
	assert_string_equal(changes[3].why, "rescored");
	free(changes);
	assert_int_equal(archive_set_holdout(a, seed, "{}", NULL), 0);
	assert_int_equal(archive_set_holdout(a, 77, "{}", NULL), ERR_MISSING);
	archive_close(a);
}

static void counters_tell_verdicts_stages_and_operators(void **state)
{
	struct archive *a = create("c");
	struct archive_count *list = NULL;
	int count = 0;

	(void)state;
	commit_one(a, 0, 1, 3);
	commit_failed(a, 1, "crash");
	commit_failed(a, 2, "crash");
	assert_int_equal(archive_verdicts(&list, &count, a, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].name, "crash");
	assert_true(list[0].count == 2 && list[0].cpu_ns == 180);
	free(list);
	assert_int_equal(archive_stages(&list, &count, a, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].name, "check");
	assert_true(list[0].count == 3 && list[0].rejected == 2 && list[0].wall_ns == 150);
	free(list);
	assert_int_equal(archive_operators(&list, &count, a, NULL), 0);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].name, "tree/literal");
	assert_true(list[0].count == 3 && list[0].rejected == 1);
	free(list);
	archive_close(a);
}

/* ---- queue ---- */

static void what_is_in_flight_survives_and_settles_once(void **state)
{
	struct archive *a = create("c");
	struct archive_queued *list = NULL;
	int64_t first, second, third, k, id;
	struct sample s;
	struct archive_result r = { .program = &s.p };
	int count = 0;

	(void)state;
	assert_int_equal(archive_next_proposal(&k, a, NULL), 0);
	assert_int_equal(k, 0);
	assert_int_equal(archive_queue_add(&first, a, 0, "{\"a\":1}", NULL), 0);
	assert_int_equal(archive_queue_add(&second, a, 5, "{\"b\":2}", NULL), 0);
	assert_int_equal(archive_queue_tried(a, second, NULL), 0);
	archive_close(a);
	a = open_mode("c", ARCHIVE_WRITE);
	assert_int_equal(archive_next_proposal(&k, a, NULL), 0);
	assert_int_equal(k, 6);
	assert_int_equal(archive_queue_list(&list, &count, a, NULL), 0);
	assert_int_equal(count, 2);
	assert_true(list[0].id == first && list[0].tries == 0 && list[1].proposal == 5 && list[1].tries == 1);
	assert_string_equal(list[1].payload, "{\"b\":2}");
	archive_queue_free(list, count);
	fill_sample(&s, 5, 1, 3);
	r.queue_id = second;
	assert_int_equal(archive_commit(&id, NULL, a, &r, NULL), 0);
	/* The worker that was thought dead answers after all. */
	assert_int_equal(archive_commit(&id, NULL, a, &r, NULL), ERR_MISSING);
	assert_true(totals_of(a).evaluations == 1 && totals_of(a).queued == 1);
	assert_int_equal(archive_queue_drop(a, first, NULL), 0);
	assert_int_equal(archive_queue_drop(a, first, NULL), ERR_MISSING);
	assert_int_equal(archive_queue_tried(a, first, NULL), ERR_MISSING);
	assert_int_equal(archive_queue_add(&third, a, 6, "{}", NULL), 0);
	assert_true(third > second);
	verify(a);
	archive_close(a);
}

/* ---- reading ---- */

static void prefixes_resolve_as_in_git(void **state)
{
	struct archive *a = create("c");
	struct err e = { 0 };
	struct sample s;
	int64_t id = 0, one, two;

	(void)state;
	assert_int_equal(archive_resolve(&id, a, "best", &e), ERR_MISSING);
	fill_sample(&s, 0, 1, 3);
	hash_from_hex(&s.p.name, "abcdef00000000000000000000000000");
	one = commit_sample(a, &s, true, NULL);
	fill_sample(&s, 1, 2, 4);
	hash_from_hex(&s.p.name, "abcde100000000000000000000000000");
	two = commit_sample(a, &s, true, NULL);
	assert_int_equal(archive_resolve(&id, a, "abcdef", &e), 0);
	assert_int_equal(id, one);
	assert_int_equal(archive_resolve(&id, a, "ABCDE1", &e), 0);
	assert_int_equal(id, two);
	assert_int_equal(archive_resolve(&id, a, "abcde", &e), ERR_ARGS);
	assert_non_null(strstr(e.text, "abcdef00"));
	assert_non_null(strstr(e.text, "abcde100"));
	assert_int_equal(archive_resolve(&id, a, "abc", &e), ERR_ARGS);
	assert_int_equal(archive_resolve(&id, a, "abcx", &e), ERR_ARGS);
	assert_int_equal(archive_resolve(&id, a, "1234", &e), ERR_MISSING);
	assert_int_equal(archive_resolve(&id, a, "abcdef000000000000000000000000000", &e), ERR_ARGS);
	assert_int_equal(archive_resolve(&id, a, "best", &e), 0);
	assert_int_equal(id, two);
	assert_int_equal(archive_resolve(&id, a, "seed", &e), 0);
	assert_int_equal(id, one);
	archive_close(a);
}

static void lists_filter_order_and_page(void **state)
{
	static const struct { struct archive_filter f; int count; int64_t first; } rows[] = {
		{ { 0 }, 20, 30 },
		{ { .limit = 5, .before_id = 10 }, 5, 9 },
		{ { .verdict = "crash" }, 10, 30 },
		{ { .verdict = "crash", .before_id = 4 }, 1, 3 },
		{ { .verdict = "timeout" }, 0, 0 },
		{ { .by_fitness = true, .limit = 100 }, 20, 29 },
		{ { .by_fitness = true, .verdict = "ok", .limit = 3 }, 3, 29 },
		{ { .by_fitness = true, .verdict = "crash" }, 0, 0 },
		{ { .elites_only = true }, 7, 29 },
		{ { .elites_only = true, .verdict = "ok", .limit = 2 }, 2, 29 },
		{ { .elites_only = true, .by_fitness = true, .limit = 100 }, 7, 29 },
	};
	struct archive *a = create("c");

	(void)state;
	for (int i = 0; i < 30; i++) {
		if (i % 3 == 2)
			commit_failed(a, i, "crash");
		else
			commit_one(a, i, i, i % 7);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct archive_program *list = NULL;
		int count = -1;

		assert_int_equal(archive_list(&list, &count, a, &rows[i].f, NULL), 0);
		assert_int_equal(count, rows[i].count);
		if (count > 0)
			assert_int_equal(list[0].id, rows[i].first);
		for (int j = 0; rows[i].f.by_fitness && j + 1 < count; j++)
			assert_true(list[j].fitness > list[j + 1].fitness);
		archive_programs_free(list, count);
	}
	archive_close(a);
}

static void elites_come_by_cell_and_lineage_back_to_the_seed(void **state)
{
	struct archive *a = create("c");
	struct archive_program *list = NULL;
	int64_t id = 0;
	int count = 0;

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct sample s;

		fill_sample(&s, i, i, 9 - i);
		s.p.depth = i;
		if (i > 0) {
			s.p.parents[0] = id;
			s.p.parent_count = 1;
		}
		id = commit_sample(a, &s, true, NULL);
	}
	assert_int_equal(archive_elites(&list, &count, a, NULL), 0);
	assert_int_equal(count, 10);
	for (int i = 0; i < count; i++)
		assert_true(list[i].cell == i && list[i].fitness == 9 - i && list[i].elite);
	archive_programs_free(list, count);
	assert_int_equal(archive_lineage(&list, &count, a, id, NULL), 0);
	assert_int_equal(count, 10);
	assert_true(list[0].id == id && list[9].proposal == 0 && list[9].depth == 0);
	archive_programs_free(list, count);
	assert_int_equal(archive_lineage(&list, &count, a, 77, NULL), ERR_MISSING);
	archive_close(a);
}

static void progress_is_thinned_but_keeps_its_end(void **state)
{
	struct archive *a = create("c");
	struct archive_point *points = NULL;
	int count = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		commit_one(a, i, i, 3);
	assert_int_equal(archive_progress(&points, &count, a, 1000, NULL), 0);
	assert_int_equal(count, 100);
	free(points);
	assert_int_equal(archive_progress(&points, &count, a, 7, NULL), 0);
	assert_true(count > 4 && count <= 7);
	assert_true(points[count - 1].best == 99 && points[count - 1].evaluations == 100);
	assert_true(points[count - 1].qd_score == 99 && points[count - 1].cells_filled == 1);
	free(points);
	archive_close(a);
}

static void events_and_states_are_kept(void **state)
{
	struct archive *a = create("c");
	struct archive_event *list = NULL;
	int count = 0;

	(void)state;
	assert_int_equal(archive_set_state(a, "running", NULL, NULL), 0);
	assert_int_equal(archive_event_add(a, "machine", "another fingerprint", NULL), 0);
	assert_int_equal(archive_set_state(a, "stopped", "Ctrl-C", NULL), 0);
	assert_int_equal(archive_set_state(a, "sleeping", NULL, NULL), ERR_ARGS);
	assert_string_equal(totals_of(a).state, "stopped");
	assert_int_equal(archive_events(&list, &count, a, 1, 10, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].kind, "machine");
	assert_string_equal(list[1].text, "stopped: Ctrl-C");
	archive_events_free(list, count);
	assert_int_equal(archive_set_elapsed(a, 123, NULL), 0);
	assert_int_equal(totals_of(a).elapsed_ns, 123);
	archive_close(a);
}

/* ---- one transaction ---- */

static void a_failed_call_in_a_batch_fails_alone(void **state)
{
	struct archive *a = create("c"), *reader = open_mode("c", ARCHIVE_READ);
	struct sample s;
	struct archive_result r = { .program = &s.p, .queue_id = 77 };

	(void)state;
	assert_int_equal(archive_batch_begin(a, NULL), 0);
	commit_one(a, 0, 1, 3);
	fill_sample(&s, 1, 2, 4);
	assert_int_equal(archive_commit(NULL, NULL, a, &r, NULL), ERR_MISSING);
	commit_one(a, 2, 3, 5);
	assert_int_equal(totals_of(reader).programs, 0);
	assert_int_equal(archive_batch_end(a, NULL), 0);
	assert_int_equal(totals_of(reader).programs, 2);
	verify(a);
	archive_close(a);
	archive_close(reader);
}

/*
 * A writer is killed at 12 moments. After each kill the file is sound, holds every result that was
 * reported before, each once, and the rest is in the queue.
 */
static void write_until_killed(int fd, int64_t from)
{
	struct archive *a = open_mode("c", ARCHIVE_WRITE);

	for (int64_t k = from; ; k++) {
		int64_t queue_id = 0;
		struct sample s;
		struct archive_result r = { .program = &s.p, .takes_cell = k % 3 == 0 };

		fill_sample(&s, k, (double)(k % 11), k % 160);
		if (archive_queue_add(&queue_id, a, k, "{}", NULL) < 0)
			_exit(1);
		r.queue_id = queue_id;
		if (archive_commit(NULL, NULL, a, &r, NULL) < 0)
			_exit(2);
		if (write(fd, &k, sizeof(k)) != sizeof(k))
			_exit(3);
	}
}

static void a_writer_killed_at_any_moment_loses_nothing_reported(void **state)
{
	int64_t reported = -1;
	struct random r;

	(void)state;
	random_keyed(&r, 5, 0);
	archive_close(create("c"));
	for (int round = 0; round < 12; round++) {
		struct archive_totals t;
		struct archive *a;
		int64_t k, next;
		int ends[2], status;
		pid_t pid;

		assert_int_equal(pipe(ends), 0);
		a = open_mode("c", ARCHIVE_WRITE);
		assert_int_equal(archive_next_proposal(&next, a, NULL), 0);
		archive_close(a);
		pid = fork();
		if (pid == 0)
			write_until_killed(ends[1], next);
		close(ends[1]);
		clock_sleep_ns(random_between(&r, 5000000, 60000000));
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		while (read(ends[0], &k, sizeof(k)) == sizeof(k))
			reported = k;
		close(ends[0]);
		a = open_mode("c", ARCHIVE_WRITE);
		verify(a);
		t = totals_of(a);
		assert_int_equal(archive_next_proposal(&next, a, NULL), 0);
		assert_true(next > reported && next == t.evaluations + t.queued);
		archive_close(a);
	}
	assert_true(reported > 20);
}

static int fill_disk(const char *path)
{
	static char zeros[65536];
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	size_t size = sizeof(zeros);

	while (size > 0) {
		if (write(fd, zeros, size) < 0)
			size /= 2;
	}
	return close(fd);
}

static int commit_raw(struct archive *a, int64_t k, struct err *e)
{
	struct sample s;
	struct archive_result r = { .program = &s.p, .takes_cell = true, .image = s.source, .image_bytes = 100 };

	fill_sample(&s, k, (double)k, k % 160);
	return archive_commit(NULL, NULL, a, &r, e);
}

static void a_full_disk_is_reported_and_leaves_the_file_intact(void **state)
{
	struct archive *a;
	struct err e = { 0 };
	int64_t k = 0, before;
	int rc = 0;

	(void)state;
	assert_int_equal(mkdir("disk", 0755), 0);
	if (geteuid() != 0 || mount("tmpfs", "disk", "tmpfs", 0, "size=4m") < 0) {
		print_message("SKIPPED, not tested: no right to mount a small tmpfs\n");
		skip();
	}
	a = create("disk/c");
	for (; k < 20; k++)
		assert_int_equal(commit_raw(a, k, NULL), 0);
	assert_int_equal(fill_disk("disk/ballast"), 0);
	for (; k < 10000 && rc == 0; k++)
		rc = commit_raw(a, k, &e);
	if (rc != ERR_FULL)
		print_message("%s\n", e.text);
	assert_int_equal(rc, ERR_FULL);
	before = k - 1;
	verify(a);
	assert_int_equal(totals_of(a).programs, before);
	/* A whole batch that does not fit has not happened. */
	assert_int_equal(archive_batch_begin(a, NULL), 0);
	for (rc = 0; k < 10000 && rc == 0; k++)
		rc = commit_raw(a, k, NULL);
	if (rc == 0)
		rc = archive_batch_end(a, NULL);
	else
		archive_batch_end(a, NULL);
	assert_int_equal(rc, ERR_FULL);
	verify(a);
	/* With room again the same process goes on, and after it the next one. */
	assert_int_equal(unlink("disk/ballast"), 0);
	before = totals_of(a).programs;
	assert_int_equal(commit_raw(a, k, &e), 0);
	archive_close(a);
	a = open_mode("disk/c", ARCHIVE_WRITE);
	verify(a);
	assert_int_equal(totals_of(a).programs, before + 1);
	archive_close(a);
	assert_int_equal(umount("disk"), 0);
}

static int unmount_disk(void **state)
{
	(void)state;
	umount2("disk", MNT_DETACH);
	return 0;
}

/* ---- copies, packing, checking ---- */

static void a_backup_is_a_campaign_of_its_own(void **state)
{
	struct archive *a = create("c"), *copy, *reader = open_mode("c", ARCHIVE_READ);

	(void)state;
	commit_one(a, 0, 1, 3);
	assert_int_equal(archive_backup(a, "b", NULL), 0);
	commit_one(a, 1, 2, 4);
	assert_int_equal(archive_backup(reader, "r", NULL), 0);
	assert_int_equal(archive_backup(a, "b", NULL), ERR_BUSY);
	copy = open_mode("b", ARCHIVE_WRITE);
	assert_int_equal(totals_of(copy).programs, 1);
	assert_string_equal(archive_id(copy), archive_id(a));
	commit_one(copy, 1, 2, 4);
	verify(copy);
	archive_close(copy);
	copy = open_mode("r", ARCHIVE_READ);
	assert_int_equal(totals_of(copy).programs, 2);
	verify(copy);
	archive_close(copy);
	assert_int_equal(archive_backup(a, "none/b", NULL), ERR_MISSING);
	archive_close(a);
	archive_close(reader);
}

/*
 * Past a thousand programs a dictionary is trained; a reader that was open before must still read
 * what it packs.
 */
static void a_thousand_programs_are_packed_small_and_read_back(void **state)
{
	struct archive *a = create("c"), *reader = open_mode("c", ARCHIVE_READ);
	struct sample s;

	(void)state;
	assert_int_equal(archive_batch_begin(a, NULL), 0);
	for (int i = 0; i < 1100; i++)
		commit_one(a, i, i, 3);
	assert_int_equal(archive_batch_end(a, NULL), 0);
	for (int i = 0; i < 1100; i += 37) {
		struct archive_program p = { 0 };

		fill_sample(&s, i, i, 3);
		assert_int_equal(archive_program(&p, reader, i + 1, true, NULL), 1);
		assert_string_equal(p.source, s.source);
		archive_program_release(&p);
	}
	verify(reader);
	archive_close(a);
	archive_close(reader);
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	sqlite3_open("c", &db);
	sqlite3_prepare_v2(db, "SELECT sum(length(bytes)) * 4 < sum(raw_bytes) FROM source", -1, &q, NULL);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(q, 0), 1);
	sqlite3_finalize(q);
	sqlite3_close(db);
}

static void verify_finds_every_kind_of_damage(void **state)
{
	static const char *const damages[] = {
		"DELETE FROM elite WHERE cell = 3",
		"UPDATE elite SET cell = 77 WHERE cell = 3",
		"UPDATE elite SET fitness = 5 WHERE cell = 3",
		"UPDATE elite SET program = 3 WHERE cell = 3",
		"UPDATE program SET verdict = 'ok' WHERE id = 3",
		"UPDATE program SET fitness = NULL WHERE id = 2",
		"UPDATE program SET parent_1 = 3 WHERE id = 2",
		"UPDATE program SET parent_1 = 99 WHERE id = 2",
		"UPDATE tally SET programs = 4",
		"UPDATE tally SET evaluations = 4",
		"UPDATE tally SET cells_filled = 1",
		"UPDATE tally SET qd_score = qd_score + 0.001",
		"UPDATE tally SET best = 3",
		"UPDATE tally SET seed = 2",
		"UPDATE tally SET proposal_next = 2",
		"UPDATE tally SET queue_last = 0",
		"UPDATE counter SET count = count + 1 WHERE name = 'ok'",
		"DELETE FROM source WHERE program = 1",
		"UPDATE source SET bytes = x'0011' WHERE program = 2",
		"UPDATE image SET raw_bytes = 7 WHERE program = 2",
		"DELETE FROM tally",
		"DELETE FROM history WHERE cell = 4",
	};
	struct archive *a = create("c");
	int64_t id;

	(void)state;
	commit_one(a, 0, 1, 3);
	commit_one(a, 1, 2, 4);
	commit_failed(a, 2, "crash");
	archive_queue_add(&id, a, 3, "{}", NULL);
	archive_close(a);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct err e = { 0 };

		if (system("cp c d") != 0)
			fail();
		tamper("d", damages[i]);
		a = open_mode("d", ARCHIVE_READ);
		if (archive_verify(a, &e) != ERR_FORMAT)
			print_message("not found: %s (%s)\n", damages[i], e.text);
		assert_int_equal(e.code, ERR_FORMAT);
		archive_close(a);
	}
	a = open_mode("c", ARCHIVE_READ);
	verify(a);
	archive_close(a);
}

#define TEST(name) cmocka_unit_test_setup(name, clear_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_campaign_remembers_its_birth),
		TEST(a_closed_campaign_is_one_file_with_the_promised_settings),
		TEST(an_existing_file_is_not_overwritten),
		TEST(the_log_of_a_removed_campaign_does_not_leak_into_a_new_one),
		TEST(only_one_process_writes_and_others_learn_who),
		TEST(what_is_no_campaign_is_refused),
		TEST(a_file_of_a_newer_version_is_refused_and_left_alone),
		TEST(a_reader_cannot_write_and_sees_what_is_committed),
		TEST(a_campaign_on_a_read_only_medium_opens),
		TEST(a_program_comes_back_as_it_was_committed),
		TEST(the_map_tells_new_from_improved_and_counts),
		TEST(less_is_better_where_the_direction_says_so),
		TEST(scores_without_a_right_to_one_are_refused_or_dropped),
		TEST(duplicates_are_counted_and_spared),
		TEST(the_first_program_with_a_hash_is_found),
		TEST(new_scores_and_demotions_move_the_map),
		TEST(counters_tell_verdicts_stages_and_operators),
		TEST(what_is_in_flight_survives_and_settles_once),
		TEST(prefixes_resolve_as_in_git),
		TEST(lists_filter_order_and_page),
		TEST(elites_come_by_cell_and_lineage_back_to_the_seed),
		TEST(progress_is_thinned_but_keeps_its_end),
		TEST(events_and_states_are_kept),
		TEST(a_failed_call_in_a_batch_fails_alone),
		TEST(a_writer_killed_at_any_moment_loses_nothing_reported),
		cmocka_unit_test_setup_teardown(a_full_disk_is_reported_and_leaves_the_file_intact,
			clear_scratch, unmount_disk),
		TEST(a_backup_is_a_campaign_of_its_own),
		TEST(a_thousand_programs_are_packed_small_and_read_back),
		TEST(verify_finds_every_kind_of_damage),
	};

	return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
