#include "tests/support/attacks.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fdio.h"
#include "base/memory.h"
#include "base/text.h"
#include "tests/support/boxes.h"

enum { ATTACKS_MAX = 256, TEXT_MAX = 64 << 10 };

#define CANARY_MARK "@CANARY@"
#define CANARY_TEXT "clade_canary_5d1fe0"

static struct attacks_one attacks[ATTACKS_MAX];
static int attack_count;
static char folder[256], canary[300];

const char *attacks_folder(void)
{
	return folder;
}

const char *attacks_canary_path(void)
{
	return canary;
}

const char *attacks_canary_text(void)
{
	return CANARY_TEXT;
}

static void make_canary(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof folder, "%s/clade-escape.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(folder) || chmod(folder, 0755))
		exit(1);
	snprintf(canary, sizeof canary, "%s/canary", folder);
	if (fdio_write_file(canary, CANARY_TEXT ";\n", sizeof CANARY_TEXT + 1, NULL) < 0 ||
		chmod(canary, 0644))
		exit(1);
}

static void remove_canary(void)
{
	char *command = text_format("rm -rf '%s'", folder);

	if (system(command))
		print_error("# %s cannot be removed\n", folder);
	free(command);
}

static char *replace_canary(char *text)
{
	for (char *at; (at = strstr(text, CANARY_MARK)) != NULL;) {
		*at = '\0';
		char *longer = text_format("%s%s%s", text, canary, at + strlen(CANARY_MARK));
		free(text);
		text = longer;
	}
	return text;
}

/* "FORBIDDEN or CRASH. ...": words up to the first stop. */
static unsigned read_outcomes(const char *promise, struct attacks_one *a)
{
	unsigned bits = 0;
	char words[128];

	snprintf(words, sizeof words, "%.*s", (int)strcspn(promise, "."), promise);
	for (int o = SANDBOX_OK; o <= SANDBOX_CHEAT; o++) {
		char *at = strcasestr(words, sandbox_outcome_name((enum sandbox_outcome)o));
		bits |= at ? 1u << o : 0;
		if (o == SANDBOX_OK && at)
			a->has_value = sscanf(at + 2, "%lf", &a->value) == 1;
	}
	return bits;
}

static bool read_attack(struct attacks_one *a, const char *file)
{
	char path[300];
	size_t size;

	snprintf(a->name, sizeof a->name, "%.*s", (int)(strlen(file) - 2), file);
	snprintf(path, sizeof path, ATTACKS_FOLDER "/%s", file);
	if (fdio_read_file(&a->text, &size, path, TEXT_MAX, NULL) < 0)
		return false;
	a->text = replace_canary(a->text);
	char *promise = strstr(a->text, "expect: "), *end = strchr(a->text, '\n');
	if (!promise || !end || promise > end)
		return false;
	char *line = text_copy_n(promise, (size_t)(end - promise));
	a->expected = read_outcomes(line + strlen("expect: "), a);
	a->works_outside = strstr(line, "Outside the box: works") != NULL;
	a->leaks_outside = strstr(line, "Outside the box: leaks") != NULL;
	free(line);
	return a->expected != 0;
}

static int is_program(const struct dirent *d)
{
	size_t bytes = strlen(d->d_name);

	return bytes > 2 && !strcmp(d->d_name + bytes - 2, ".c");
}

static bool read_all(const char *prefix)
{
	struct dirent **list = NULL;
	int count = scandir(ATTACKS_FOLDER, &list, is_program, alphasort);
	bool ok = count > 0;

	for (int i = 0; i < count; i++) {
		if (text_has_prefix(list[i]->d_name, prefix) && attack_count < ATTACKS_MAX &&
			!read_attack(&attacks[attack_count++], list[i]->d_name)) {
			print_error("# %s promises nothing that can be read\n", list[i]->d_name);
			ok = false;
		}
		free(list[i]);
	}
	free(list);
	return ok && attack_count > 0;
}

int attacks_run(const char *prefix, void (*test)(void **state), const struct CMUnitTest *rest,
	int rest_count)
{
	make_canary();
	if (!read_all(prefix)) {
		remove_canary();
		return 1;
	}
	struct CMUnitTest *tests = memory_array((size_t)(attack_count + rest_count), sizeof *tests);
	for (int i = 0; i < attack_count; i++)
		tests[i] = (struct CMUnitTest){
			.name = attacks[i].name, .test_func = test, .initial_state = &attacks[i]
		};
	memcpy(tests + attack_count, rest, (size_t)rest_count * sizeof *rest);
	int failed = _cmocka_run_group_tests(prefix, tests, (size_t)(attack_count + rest_count),
		boxes_open_with_attack_h, boxes_close);
	for (int i = 0; i < attack_count; i++)
		free(attacks[i].text);
	free(tests);
	remove_canary();
	return failed;
}

void attacks_check(const struct attacks_one *a, enum sandbox_outcome outcome, const char *detail)
{
	if (!(a->expected >> outcome & 1))
		fail_msg("%s ended as %s: %.600s", a->name, sandbox_outcome_name(outcome), detail);
}

char *attacks_text(const char *name)
{
	char path[300], *text = NULL;
	size_t size;

	snprintf(path, sizeof path, ATTACKS_FOLDER "/%s.c", name);
	if (fdio_read_file(&text, &size, path, TEXT_MAX, NULL) < 0)
		fail_msg("%s is missing", path);
	return text;
}
