#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"

static void setting_gives_code_and_text(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_set(&e, ERR_ARGS, "no %s", "file"), ERR_ARGS);
	assert_int_equal(e.code, ERR_ARGS);
	assert_string_equal(e.text, "no file");
}

static void each_level_puts_its_knowledge_in_front(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_set(&e, ERR_FORMAT, "unknown key");
	assert_int_equal(err_in(&e, "line %d", 3), ERR_FORMAT);
	assert_int_equal(err_in(&e, "campaign x.yaml"), ERR_FORMAT);
	assert_string_equal(e.text, "campaign x.yaml: line 3: unknown key");
}

static void the_old_text_may_be_an_argument(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_set(&e, ERR_IO, "inner");
	err_set(&e, ERR_CHILD, "outer (%s)", e.text);
	assert_string_equal(e.text, "outer (inner)");
}

static void errno_is_named_and_a_full_disk_has_its_own_code(void **state)
{
	struct err e = { 0 };

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_errno(&e, ERR_IO, "open"), ERR_IO);
	assert_string_equal(e.text, "open: No such file or directory");
	errno = ENOSPC;
	assert_int_equal(err_errno(&e, ERR_IO, "write"), ERR_FULL);
	assert_int_equal(e.code, ERR_FULL);
	errno = EDQUOT;
	assert_int_equal(err_errno(NULL, ERR_IO, "write"), ERR_FULL);
}

static void a_null_err_is_allowed_everywhere(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_BUSY, "x"), ERR_BUSY);
	assert_int_equal(err_in(NULL, "x"), ERR_FORMAT);
}

static void long_texts_are_cut_and_ended(void **state)
{
	char long_text[3 * ERR_TEXT_MAX];
	struct err e = { 0 };

	(void)state;
	memset(long_text, 'a', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = 0;
	err_set(&e, ERR_IO, "%s", long_text);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
	err_in(&e, "%s", long_text);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setting_gives_code_and_text),
		cmocka_unit_test(each_level_puts_its_knowledge_in_front),
		cmocka_unit_test(the_old_text_may_be_an_argument),
		cmocka_unit_test(errno_is_named_and_a_full_disk_has_its_own_code),
		cmocka_unit_test(a_null_err_is_allowed_everywhere),
		cmocka_unit_test(long_texts_are_cut_and_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
