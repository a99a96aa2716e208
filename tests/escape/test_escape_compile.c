/*
 * Attacks on the compiler and through it: tests/escape/programs/compile_*.c. Whatever their
 * outcome, no diagnostics may hold a byte of a host file or a control byte, and every one ends
 * within the limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/text.h"
#include "tests/support/attacks.h"
#include "tests/support/boxes.h"

/*
 * With a bare compiler the attack gets the canary, into the object or onto the terminal: so the
 * test is not empty.
 */
static void show_that_it_leaks_outside(const struct attacks_one *a)
{
	char *path = text_format("%s/%s.c", attacks_folder(), a->name);
	char *command = text_format(
		"(gcc -c -o '%s.o' '%s' 2>&1; cat '%s.o') 2>/dev/null | grep -aq %s", path, path,
		path, attacks_canary_text());

	assert_int_equal(fdio_write_file(path, a->text, strlen(a->text), NULL), 0);
	int status = system(command);
	free(command);
	free(path);
	if (status)
		fail_msg("%s is harmless even without a box", a->name);
}

static void check_diagnostics(const struct compile_result *r)
{
	assert_null(strstr(r->diagnostics, attacks_canary_text()));
	assert_null(strstr(r->diagnostics, "root:"));
	for (const char *c = r->diagnostics; *c; c++)
		assert_true((*c >= ' ' && *c < 0x7f) || *c == '\n' || *c == '\t');
}

static void is_contained(void **state)
{
	const struct attacks_one *a = *state;
	struct compile_request request = boxes_request(a->text, NULL);
	struct compile_result r;

	if (a->leaks_outside)
		show_that_it_leaks_outside(a);
	int64_t start_ns = clock_now_ns();
	boxes_compile(&r, &request);
	check_diagnostics(&r);
	attacks_check(a, r.outcome, r.diagnostics);
	assert_true(clock_now_ns() - start_ns < 25 * INT64_C(1000000000));
	assert_true(r.peak_bytes <= 600u << 20);
	compile_result_release(&r);
}

/*
 * All that a candidate controls on a command line is nothing: its text is the content of
 * candidate.c.
 */
static void a_source_full_of_options_stays_a_source(void **state)
{
	struct compile_request request = boxes_request("-fplugin=x.so\n@/etc/passwd\n", NULL);
	struct compile_result r;
	(void)state;

	boxes_compile(&r, &request);
	assert_int_equal(r.outcome, SANDBOX_COMPILE_ERROR);
	check_diagnostics(&r);
}

static void the_box_works_after_all_that(void **state)
{
	(void)state;
	close(boxes_image(
		"double attack(const void *a, void *r) { (void)a; (void)r; return 1; }", NULL));
}

int main(void)
{
	const struct CMUnitTest rest[] = {
		cmocka_unit_test(a_source_full_of_options_stays_a_source),
		cmocka_unit_test(the_box_works_after_all_that),
	};

	return attacks_run("compile_", is_contained, rest, 2);
}
