/*
 * What export refuses. The campaigns are made by hand, with scores that were never measured: a program whose stored score lies is the
 * one that the confirmation must catch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "archive/archive.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/support/campaigns.h"

#define WORSE "return 1.0 + x;"
#define BETTER "return 1.0 + x * (0.69314718 + x * (0.24022650 + x * (0.05550410 + x * " \
	"(0.00961812 + x * (0.00133335 + x * 0.00015469)))));"

struct bench { char *folder, *seed, *settings, *manifest; };

/* The output of clade ARGUMENTS (standard error too) and its exit status; caller frees. */
static char *clade(int *status, const char *arguments)
{
	char *command = text_format("%s %s 2>&1", getenv("CLADE"), arguments);
	char *out = calloc(1, 1 << 20);
	FILE *pipe = popen(command, "r");

	assert_non_null(pipe);
	fread(out, 1, (1 << 20) - 1, pipe);
	*status = WEXITSTATUS(pclose(pipe));
	free(command);
	return out;
}

static int open_bench(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	const char *scratch = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	char *root = getcwd(NULL, 0), *dir = text_format("%s/evaluators/problems/exp2_ops", root);
	char *seed = text_format("%s/seed.c", dir), *file = text_format("%s/campaign.yaml", dir), *text;
	int status;

	b->folder = text_format("%s/refusals.XXXXXX", scratch);
	assert_non_null(mkdtemp(b->folder));
	assert_int_equal(fdio_read_file(&b->seed, NULL, seed, 1 << 20, NULL), 0);
	assert_int_equal(fdio_read_file(&text, NULL, file, 1 << 20, NULL), 0);
	b->settings = text_format("#clade:problem %s\n%s", file, text);
	b->manifest = clade(&status, "problems show exp2_ops --json");
	assert_int_equal(status, 0);
	free(root);
	free(dir);
	free(seed);
	free(file);
	free(text);
	*state = b;
	return 0;
}

static int close_bench(void **state)
{
	struct bench *b = *state;
	char *files[] = { text_format("%s/c", b->folder), text_format("%s/p", b->folder) };

	for (int i = 0; i < 2; i++) {
		unlink(files[i]);
		free(files[i]);
	}
	rmdir(b->folder);
	free(b->folder);
	free(b->seed);
	free(b->settings);
	free(b->manifest);
	free(b);
	return 0;
}

/* The seed with another body of its function; NULL: the seed. Caller frees. */
static char *with_body(const struct bench *b, const char *body)
{
	const char *open = strchr(strstr(b->seed, "exp2_approx"), '{'), *close = strchr(open, '}');

	if (!body)
		return text_copy(b->seed);
	return text_format("%.*s{\n\t%s\n%s", (int)(open - b->seed), b->seed, body, close);
}

static void commit(struct archive *a, int64_t proposal, char *source, const char *flags, double fitness)
{
	struct campaigns_sample s;

	campaigns_fill(&s, proposal, fitness, proposal);
	s.p.source = source;
	s.p.source_bytes = strlen(source);
	s.p.flags = (char *)flags;
	s.p.name = hash_plain(source, strlen(source) - (size_t)proposal);
	s.p.token = s.p.object = s.p.name;
	s.p.depth = proposal > 0;
	campaigns_commit(a, &s, true, NULL);
	free(source);
}

/* A campaign whose best has this body and these flags, and pretends to be better than the seed. */
static void make_campaign(const struct bench *b, const char *body, const char *flags)
{
	struct archive_birth birth = campaigns_birth();
	char *path = text_format("%s/c", b->folder);
	struct archive *a = NULL;
	struct err e = { 0 };

	unlink(path);
	birth.settings = b->settings;
	birth.manifest = b->manifest;
	if (archive_create(&a, path, &birth, &e) < 0)
		fail_msg("%s", e.text);
	commit(a, 0, with_body(b, NULL), "[]", 4.06);
	commit(a, 1, with_body(b, body), flags, 9.9);
	archive_close(a);
	free(path);
}

static char *export(int *status, const struct bench *b, const char *more)
{
	char *arguments = text_format("export %s/c --patch %s/p %s", b->folder, b->folder, more), *out;

	out = clade(status, arguments);
	free(arguments);
	return out;
}

static void wants(char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("no '%s' in: %s", words, text);
}

static char *shown(const struct bench *b)
{
	char *arguments = text_format("show %s/c best", b->folder), *out;
	int status;

	out = clade(&status, arguments);
	assert_int_equal(status, 0);
	free(arguments);
	return out;
}

static bool has_patch(const struct bench *b)
{
	char *path = text_format("%s/p", b->folder);
	bool there = fdio_exists(path);

	free(path);
	return there;
}

static void a_score_that_does_not_hold_is_refused_and_marked(void **state)
{
	struct bench *b = *state;
	char *out;
	int status;

	make_campaign(b, WORSE, "[]");
	out = export(&status, b, "");
	assert_int_equal(status, 5);
	wants(out, "on the holdout its digits is");
	assert_false(has_patch(b));
	free(out);
	out = shown(b);
	wants(out, "NOT CONFIRMED");
	free(out);
}

static void force_exports_it_with_a_label(void **state)
{
	struct bench *b = *state;
	char *out, *path = text_format("%s/p", b->folder), *mail = NULL;
	int status;

	make_campaign(b, WORSE, "[]");
	out = export(&status, b, "--force");
	assert_int_equal(status, 0);
	wants(out, "NOT CONFIRMED");
	assert_int_equal(fdio_read_file(&mail, NULL, path, 1 << 20, NULL), 0);
	wants(mail, "Subject: [PATCH] exp2_ops: UNCONFIRMED");
	wants(mail, "NOT CONFIRMED");
	free(mail);
	free(path);
	free(out);
}

static void a_winner_that_fails_on_the_holdout_is_refused_with_its_verdict(void **state)
{
	struct bench *b = *state;
	char *out;
	int status;

	make_campaign(b, "return x / (x - x);", "[]");
	out = export(&status, b, "");
	assert_int_equal(status, 5);
	wants(out, "its verdict is wrong");
	assert_false(has_patch(b));
	free(out);
}

static void flags_alone_are_build_advice_and_no_patch(void **state)
{
	struct bench *b = *state;
	char *out;
	int status;

	make_campaign(b, NULL, "[\"-funroll-loops\"]");
	out = export(&status, b, "--force");
	assert_int_equal(status, 5);
	wants(out, "build advice");
	wants(out, "-funroll-loops");
	assert_false(has_patch(b));
	free(out);
}

static void a_real_winner_is_confirmed_and_kept(void **state)
{
	struct bench *b = *state;
	char *out;
	int status;

	make_campaign(b, BETTER, "[]");
	out = export(&status, b, "");
	if (status != 0)
		fail_msg("%s", out);
	wants(out, "confirmed");
	assert_true(has_patch(b));
	free(out);
	out = shown(b);
	wants(out, "holdout      confirmed");
	free(out);
}

static void while_the_campaign_runs_nothing_is_kept(void **state)
{
	struct bench *b = *state;
	char *path = text_format("%s/c", b->folder), *out;
	struct archive *holder = NULL;
	int status;

	make_campaign(b, BETTER, "[]");
	assert_int_equal(archive_open(&holder, path, ARCHIVE_WRITE, NULL), 0);
	out = export(&status, b, "");
	assert_int_equal(status, 0);
	wants(out, "the campaign runs");
	free(out);
	archive_close(holder);
	out = shown(b);
	wants(out, "not confirmed yet");
	free(out);
	free(path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)
	const struct CMUnitTest tests[] = {
		TEST(a_score_that_does_not_hold_is_refused_and_marked),
		TEST(force_exports_it_with_a_label),
		TEST(a_winner_that_fails_on_the_holdout_is_refused_with_its_verdict),
		TEST(flags_alone_are_build_advice_and_no_patch),
		TEST(a_real_winner_is_confirmed_and_kept),
		TEST(while_the_campaign_runs_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
