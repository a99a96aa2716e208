#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "archive/repo.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/text.h"
#include "tests/support/scratch.h"

/*
 * Real git makes the repositories and takes the patches. The user's own configuration stays out of
 * it.
 */
#define GIT "GIT_CONFIG_NOSYSTEM=1 HOME=$PWD/home git -c user.name=Ada -c user.email=ada@example.org "

static const char old_text[] = "/* kernel */\nint f(int x)\n{\n\treturn x + x + x;\n}\n";
static const char new_text[] = "/* kernel */\nint f(int x)\n{\n\treturn 3 * x;\n}\n";

static void shell(const char *command)
{
	int status = system(command);

	if (status != 0)
		print_message("failed: %s\n", command);
	assert_int_equal(status, 0);
}

static void write_text(const char *path, const char *text)
{
	assert_int_equal(fdio_write_file(path, text, strlen(text), NULL), 0);
}

static char *read_text(const char *path)
{
	char *text = NULL;

	assert_int_equal(fdio_read_file(&text, NULL, path, 1 << 20, NULL), 0);
	return text;
}

/* repo/src/kernel.c with old_text at the first commit; the second commit changes another file. */
static int make_repository(void **state)
{
	(void)state;
	shell("rm -rf repo bare home && mkdir home repo repo/src && " GIT "init -q -b main repo");
	write_text("repo/src/kernel.c", old_text);
	write_text("repo/README", "one\n");
	shell("cd repo && " GIT "add . && " GIT "commit -q -m first && " GIT "tag one");
	write_text("repo/README", "two\n");
	shell("cd repo && " GIT "commit -q -a -m second");
	return 0;
}

static void a_file_is_read_at_a_commit_whatever_the_work_tree_holds(void **state)
{
	struct repo_source s = { 0 };

	(void)state;
	write_text("repo/src/kernel.c", "changed\n");
	assert_int_equal(repo_read(&s, "repo", "one", "src/kernel.c", NULL), 0);
	assert_string_equal(s.text, old_text);
	assert_int_equal(s.size, strlen(old_text));
	assert_int_equal(strlen(s.commit), 40);
	assert_string_equal(s.path, "src/kernel.c");
	assert_int_equal(s.repo[0], '/');
	repo_source_release(&s);
	assert_int_equal(repo_read(&s, "repo/src", NULL, "./src/kernel.c", NULL), 0);
	assert_string_equal(s.text, old_text);
	repo_source_release(&s);
	char *changed = read_text("repo/src/kernel.c");
	assert_string_equal(changed, "changed\n");
	free(changed);
}

static void the_repository_is_found_from_the_file(void **state)
{
	struct repo_source s = { 0 };

	(void)state;
	assert_int_equal(repo_read(&s, NULL, "HEAD~1", "repo/src/kernel.c", NULL), 0);
	assert_string_equal(s.path, "src/kernel.c");
	assert_string_equal(s.text, old_text);
	repo_source_release(&s);
	shell("ln -sfn repo link && rm -r repo/src");
	assert_int_equal(repo_read(&s, NULL, NULL, "link/../repo/README", NULL), 0);
	assert_string_equal(s.text, "two\n");
	repo_source_release(&s);
	char *gone = text_format("%s/repo/src/kernel.c", (char *)*state);
	assert_int_equal(repo_read(&s, NULL, NULL, gone, NULL), 0);
	assert_string_equal(s.text, old_text);
	repo_source_release(&s);
	free(gone);
}

static void a_bare_repository_serves_as_well(void **state)
{
	struct repo_source s = { 0 };
	char *mail = NULL;

	(void)state;
	shell(GIT "clone -q --bare repo bare");
	assert_int_equal(repo_read(&s, "bare", NULL, "src/kernel.c", NULL), 0);
	assert_string_equal(s.text, old_text);
	assert_int_equal(repo_patch(&mail, &s, new_text, "s", "b", "A", "a@b", NULL), 0);
	free(mail);
	repo_source_release(&s);
}

static void what_is_missing_is_named(void **state)
{
	struct repo_source s = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(repo_read(&s, "nowhere", NULL, "src/kernel.c", &e), ERR_MISSING);
	assert_non_null(strstr(e.text, "nowhere"));
	assert_int_equal(repo_read(&s, "repo", "v9", "src/kernel.c", &e), ERR_MISSING);
	assert_non_null(strstr(e.text, "v9"));
	assert_int_equal(repo_read(&s, "repo", NULL, "src/absent.c", &e), ERR_MISSING);
	assert_non_null(strstr(e.text, "src/absent.c"));
	assert_int_equal(repo_read(&s, "repo", NULL, "/etc/passwd", &e), ERR_MISSING);
	assert_int_equal(repo_read(&s, "repo", NULL, "src", &e), ERR_ARGS);
	assert_int_equal(repo_read(&s, NULL, NULL, "/absent/x.c", &e), ERR_MISSING);
	assert_null(s.text);
}

/* A link's blob is a path: read as a text it would make the campaign improve a file name. */
static void links_and_binaries_are_no_source(void **state)
{
	struct repo_source s = { 0 };

	(void)state;
	shell("cd repo && ln -s src/kernel.c link.c && printf 'a\\0b' > bin.c && " GIT "add . && "
		GIT "commit -q -m more");
	assert_int_equal(repo_read(&s, "repo", NULL, "link.c", NULL), ERR_ARGS);
	assert_int_equal(repo_read(&s, "repo", NULL, "bin.c", NULL), ERR_FORMAT);
	assert_null(s.text);
}

static void a_plain_file_knows_its_commit_only_when_head_holds_the_same(void **state)
{
	struct repo_source s = { 0 };

	(void)state;
	assert_int_equal(repo_read_file(&s, "repo/src/kernel.c", NULL), 0);
	assert_string_equal(s.path, "src/kernel.c");
	assert_int_equal(strlen(s.commit), 40);
	repo_source_release(&s);
	char *edited = text_copy(old_text);
	*strchr(edited, '+') = '*';
	write_text("repo/src/kernel.c", edited);
	assert_int_equal(repo_read_file(&s, "repo/src/kernel.c", NULL), 0);
	assert_null(s.repo);
	assert_null(s.commit);
	assert_string_equal(s.path, "kernel.c");
	assert_string_equal(s.text, edited);
	repo_source_release(&s);
	free(edited);
	assert_int_equal(repo_read_file(&s, "repo/absent.c", NULL), ERR_MISSING);
}

static void apply(const char *mail)
{
	write_text("winner.patch", mail);
	shell("rm -rf copy && " GIT "clone -q repo copy && cd copy && " GIT "am -q ../winner.patch");
}

static void git_am_takes_the_patch(void **state)
{
	struct repo_source s = { 0 };
	char *mail = NULL, *text;

	(void)state;
	assert_int_equal(repo_read(&s, "repo", "one", "src/kernel.c", NULL), 0);
	assert_int_equal(repo_patch(&mail, &s, new_text, "kernel: multiply once",
		"Speed: 2.1 x\nMachine: \xc3\xa4 8-core\n", "Clade \xc3\xa9", "clade@example.org", NULL), 0);
	apply(mail);
	text = read_text("copy/src/kernel.c");
	assert_string_equal(text, new_text);
	free(text);
	shell("cd copy && " GIT "log -1 --format='%s|%an|%ae|%b' > ../log");
	text = read_text("log");
	assert_string_equal(text, "kernel: multiply once|Clade \xc3\xa9|clade@example.org|"
		"Speed: 2.1 x\nMachine: \xc3\xa4 8-core\n\n");
	free(text);
	free(mail);
	repo_source_release(&s);
}

/*
 * Lines of a message that mail tools take for headers, mailbox borders or the start of the patch.
 */
static void a_message_cannot_break_out_of_the_mail(void **state)
{
	struct repo_source s = { 0 };
	char *mail = NULL, *text;

	(void)state;
	assert_int_equal(repo_read(&s, "repo", NULL, "src/kernel.c", NULL), 0);
	assert_int_equal(repo_patch(&mail, &s, new_text, "[x] real\nsecond: line",
		"From: mallory <m@example.org>\nSubject: forged\n---\ndiff --git a/README b/README\n"
		"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
		"-- \nlast\033[2J\r\n", "Clade", "clade@example.org", NULL), 0);
	apply(mail);
	shell("cd copy && " GIT "log -1 --format='%an|%s|%b' > ../log");
	text = read_text("log");
	assert_non_null(strstr(text, "Clade|x] real|"));
	assert_non_null(strstr(text, "forged"));
	assert_non_null(strstr(text, "last?[2J"));
	free(text);
	text = read_text("copy/src/kernel.c");
	assert_string_equal(text, new_text);
	free(text);
	free(mail);
	repo_source_release(&s);
}

static void nothing_is_written_into_the_repository(void **state)
{
	struct repo_source s = { 0 };
	char *mail = NULL;

	(void)state;
	shell("cd repo && find . -type f -printf '%p %s %T@\\n' | sort > ../before");
	assert_int_equal(repo_read(&s, "repo", NULL, "src/kernel.c", NULL), 0);
	assert_int_equal(repo_patch(&mail, &s, new_text, "s", "b", "A", "a@b", NULL), 0);
	shell("cd repo && find . -type f -printf '%p %s %T@\\n' | sort > ../after && "
		"cmp ../before ../after");
	free(mail);
	repo_source_release(&s);
}

static void carriage_returns_modes_and_missing_newlines_survive(void **state)
{
	static const char dos_old[] = "int f(int x)\r\n{\r\n\treturn x;\r\n}";
	static const char dos_new[] = "int f(int x)\r\n{\r\n\treturn -x;\r\n}";
	struct repo_source s = { 0 };
	char *mail = NULL, *text;
	struct stat mode;

	(void)state;
	write_text("repo/dos.c", dos_old);
	shell("cd repo && chmod 755 dos.c && " GIT "add . && " GIT "commit -q -m dos");
	assert_int_equal(repo_read(&s, "repo", NULL, "dos.c", NULL), 0);
	assert_int_equal(repo_patch(&mail, &s, dos_new, "s", "b", "A", "a@b", NULL), 0);
	apply(mail);
	text = read_text("copy/dos.c");
	assert_string_equal(text, dos_new);
	assert_int_equal(stat("copy/dos.c", &mode), 0);
	assert_true(mode.st_mode & 0100);
	free(text);
	free(mail);
	repo_source_release(&s);
}

static void a_file_outside_of_git_gives_a_patch_too(void **state)
{
	struct repo_source s = { 0 };
	char *mail = NULL, *text;

	(void)state;
	write_text("plain.c", old_text);
	assert_int_equal(repo_read_file(&s, "plain.c", NULL), 0);
	assert_null(s.repo);
	assert_int_equal(repo_patch(&mail, &s, new_text, "s", "b", "A", "a@b", NULL), 0);
	write_text("winner.patch", mail);
	shell("rm -rf other && mkdir other && cp plain.c other/ && cd other && " GIT "init -q && "
		GIT "add . && " GIT "commit -q -m base && " GIT "am -q ../winner.patch");
	text = read_text("other/plain.c");
	assert_string_equal(text, new_text);
	free(text);
	free(mail);
	repo_source_release(&s);
}

static void no_change_is_no_patch(void **state)
{
	struct repo_source s = { 0 };
	struct err e = { 0 };
	char *mail = NULL;

	(void)state;
	assert_int_equal(repo_read(&s, "repo", NULL, "src/kernel.c", NULL), 0);
	assert_int_equal(repo_patch(&mail, &s, old_text, "s", "b", "A", "a@b", &e), ERR_ARGS);
	assert_null(mail);
	repo_source_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_file_is_read_at_a_commit_whatever_the_work_tree_holds,
			make_repository),
		cmocka_unit_test_setup(the_repository_is_found_from_the_file, make_repository),
		cmocka_unit_test_setup(a_bare_repository_serves_as_well, make_repository),
		cmocka_unit_test_setup(what_is_missing_is_named, make_repository),
		cmocka_unit_test_setup(links_and_binaries_are_no_source, make_repository),
		cmocka_unit_test_setup(a_plain_file_knows_its_commit_only_when_head_holds_the_same,
			make_repository),
		cmocka_unit_test_setup(git_am_takes_the_patch, make_repository),
		cmocka_unit_test_setup(a_message_cannot_break_out_of_the_mail, make_repository),
		cmocka_unit_test_setup(nothing_is_written_into_the_repository, make_repository),
		cmocka_unit_test_setup(carriage_returns_modes_and_missing_newlines_survive,
			make_repository),
		cmocka_unit_test_setup(a_file_outside_of_git_gives_a_patch_too, make_repository),
		cmocka_unit_test_setup(no_change_is_no_patch, make_repository),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
