#include "tests/support/campaigns.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "base/err.h"

struct archive_birth campaigns_birth(void)
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

struct archive *campaigns_create(const char *path)
{
	struct archive_birth b = campaigns_birth();
	struct archive *a = NULL;
	struct err e = { 0 };

	if (archive_create(&a, path, &b, &e) < 0)
		print_message("%s\n", e.text);
	assert_non_null(a);
	return a;
}

struct archive *campaigns_open(const char *path, enum archive_mode mode)
{
	struct archive *a = NULL;
	struct err e = { 0 };

	if (archive_open(&a, path, mode, &e) < 0)
		print_message("%s\n", e.text);
	assert_non_null(a);
	return a;
}

void campaigns_verify(struct archive *a)
{
	struct err e = { 0 };
	int rc = archive_verify(a, &e);

	if (rc < 0)
		print_message("%s\n", e.text);
	assert_int_equal(rc, 0);
}

void campaigns_fill(struct campaigns_sample *s, int64_t proposal, double fitness, int64_t cell)
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

int64_t campaigns_commit(struct archive *a, struct campaigns_sample *s, bool takes,
	enum archive_add *added)
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

int64_t campaigns_commit_one(struct archive *a, int64_t proposal, double fitness, int64_t cell)
{
	struct campaigns_sample s;

	campaigns_fill(&s, proposal, fitness, cell);
	return campaigns_commit(a, &s, true, NULL);
}

int64_t campaigns_commit_failed(struct archive *a, int64_t proposal, const char *verdict)
{
	struct campaigns_sample s;

	campaigns_fill(&s, proposal, NAN, -1);
	s.p.verdict = (char *)verdict;
	s.p.reason = "because";
	return campaigns_commit(a, &s, false, NULL);
}

struct archive_totals campaigns_totals(struct archive *a)
{
	struct archive_totals t;

	assert_int_equal(archive_totals(&t, a, NULL), 0);
	return t;
}

void campaigns_tamper(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *text = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
		print_message("%s\n", text);
	assert_null(text);
	sqlite3_close(db);
}
