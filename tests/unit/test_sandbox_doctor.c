#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "sandbox/sandbox.h"

static const struct sandbox_check *find(
	const struct sandbox_check *checks, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(checks[i].name, name))
			return &checks[i];
	fail_msg("no check is called %s", name);
	return NULL;
}

static void a_machine_that_can_is_told_so_by_real_boxes(void **state)
{
	struct sandbox_check checks[SANDBOX_CHECKS_MAX] = { 0 };
	int count = sandbox_doctor(checks, NULL);
	(void)state;

	assert_true(count >= 8 && count <= SANDBOX_CHECKS_MAX);
	for (int i = 0; i < count; i++) {
		print_message("# %s: %s\n", checks[i].name, checks[i].detail);
		assert_true(*checks[i].detail);
		assert_true(checks[i].health != SANDBOX_BAD);
		assert_true((checks[i].health == SANDBOX_GOOD) == !*checks[i].mend);
	}
	assert_int_equal(find(checks, count, "compile box")->health, SANDBOX_GOOD);
	assert_int_equal(find(checks, count, "run box")->health, SANDBOX_GOOD);
}

static void a_missing_compiler_is_named_with_its_mend(void **state)
{
	struct sandbox_options options = { .compiler = "no-such-gcc" };
	struct sandbox_check checks[SANDBOX_CHECKS_MAX] = { 0 };
	int count = sandbox_doctor(checks, &options);
	const struct sandbox_check *c = find(checks, count, "toolchain");
	(void)state;

	assert_int_equal(c->health, SANDBOX_BAD);
	assert_non_null(strstr(c->detail, "no-such-gcc"));
	assert_non_null(strstr(c->mend, "gcc"));
	assert_int_equal(find(checks, count, "box program")->health, SANDBOX_BAD);
	assert_int_equal(find(checks, count, "bubblewrap")->health, SANDBOX_GOOD);
}

/*
 * This program again, where the kernel refuses further namespaces: inside bubblewrap's own
 * --disable-userns.
 */
static void where_no_box_can_be_made_opening_fails_with_the_mend(void **state)
{
	char self[512] = "", command[1024], line[1024] = "";
	(void)state;

	assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
	snprintf(command, sizeof command,
		"bwrap --unshare-user --disable-userns --uid 1000 --dev-bind / / -- '%s' open",
		self);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof line, f));
	pclose(f);
	assert_non_null(strstr(line, "-9: no box can be started"));
	assert_non_null(strstr(line, "user.max_user_namespaces"));
}

/* "open": tell what sandbox_open says here. */
static int tell_opening(void)
{
	struct sandbox *s = NULL;
	struct err e = { 0 };
	int rc = sandbox_open(&s, NULL, &e);

	printf("%d: %s\n", rc, rc < 0 ? e.text : "opened");
	sandbox_close(s);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "open"))
		return tell_opening();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_machine_that_can_is_told_so_by_real_boxes),
		cmocka_unit_test(a_missing_compiler_is_named_with_its_mend),
		cmocka_unit_test(where_no_box_can_be_made_opening_fails_with_the_mend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
