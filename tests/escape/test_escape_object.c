/*
 * Hostile images: tests/escape/programs/object_*.c, each a whole image, and thousands of damaged
 * ones. The loader refuses them, or runs them in their own box; the zygote stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/random.h"
#include "tests/support/attacks.h"
#include "tests/support/boxes.h"

#define SECOND_NS INT64_C(1000000000)

static enum sandbox_outcome start_and_call(
	int image, double *value, char reason[256], int64_t limit_ns)
{
	struct run_spec spec = boxes_spec(image);
	enum sandbox_outcome outcome = SANDBOX_OK;
	struct run_call call = { 0, 0 };
	struct run_child *c = NULL;
	struct run_crossing x;
	struct err e = { 0 };

	int rc = run_child_start(&c, boxes_run_box(), &spec, &outcome, reason, &e);
	if (rc == 0) {
		rc = run_child_cross(&x, c, &call, 1, value, sizeof *value, limit_ns, &e);
		outcome = x.outcome;
	}
	run_child_end(c);
	if (rc < 0)
		fail_msg("%s", e.text);
	return outcome;
}

static void is_refused_or_harmless(void **state)
{
	const struct attacks_one *a = *state;
	struct compile_request request = boxes_request(a->text, NULL);
	struct compile_result r;
	char reason[256] = "";
	double value = -1;

	boxes_compile(&r, &request);
	if (r.outcome != SANDBOX_OK)
		fail_msg("%s does not compile: %s", a->name, r.diagnostics);
	enum sandbox_outcome outcome = start_and_call(r.images[0], &value, reason, SECOND_NS);
	attacks_check(a, outcome, reason);
	if (outcome == SANDBOX_FORBIDDEN)
		assert_true(*reason);
	if (a->has_value)
		assert_true(value == a->value);
	compile_result_release(&r);
}

/* Some bytes anywhere, more often in the headers; sometimes a shorter file. */
static void damage(char *bytes, size_t *size, struct random *random)
{
	for (uint64_t i = 1 + random_below(random, 8); i > 0; i--) {
		size_t at = (size_t)random_below(random, random_below(random, 3) ? *size : 512);
		if (random_below(random, 2)) {
			bytes[at] = (char)random_u64(random);
		} else {
			uint64_t word = random_u64(random) >> random_below(random, 64);
			at = at / 8 * 8;
			memcpy(bytes + at, &word, *size - at < 8 ? *size - at : 8);
		}
	}
	if (random_below(random, 10) == 0)
		*size = 1 + (size_t)random_below(random, *size);
}

static void damaged_images_never_hurt_the_zygote(void **state)
{
	int image = boxes_image(
		"#include <string.h>\nstatic double table[600] = { 1, 2, 3 };\n"
		"static double *volatile at = table;\n"
		"__attribute__((visibility(\"default\"))) void clade_call(const void *a, void *r)\n"
		"{ memmove(r, a, 1000); *(double *)r = at[1]; }\n",
		NULL);
	char *bytes = NULL, *copy, reason[256];
	struct random random;
	int counts[SANDBOX_CHEAT + 1] = { 0 };
	size_t size;
	double value;
	(void)state;

	random_keyed(&random, 2024, 1);
	assert_int_equal(fdio_read_fd(&bytes, &size, image, COMPILE_IMAGE_MAX, NULL), 0);
	copy = malloc(size);
	for (int i = 0; i < 2000; i++) {
		size_t damaged_size = size;
		int damaged;
		memcpy(copy, bytes, size);
		damage(copy, &damaged_size, &random);
		assert_int_equal(fdio_sealed(&damaged, "damaged", copy, damaged_size, NULL), 0);
		counts[start_and_call(damaged, &value, reason, 20000000)]++;
		close(damaged);
	}
	print_message("# 2000 damaged images: %d ok, %d refused, %d crashed, %d timed out\n",
		counts[SANDBOX_OK], counts[SANDBOX_FORBIDDEN], counts[SANDBOX_CRASH],
		counts[SANDBOX_TIMEOUT]);
	assert_true(counts[SANDBOX_FORBIDDEN] > 100 && counts[SANDBOX_OK] > 100);
	assert_int_equal(start_and_call(image, &value, reason, SECOND_NS), SANDBOX_OK);
	assert_true(value == 2);
	free(bytes);
	free(copy);
	close(image);
}

static void what_is_no_object_is_refused(void **state)
{
	static const char *const texts[] = { "", "\177ELF", "#!/bin/sh\nid\n" };
	char reason[256];
	double value;
	(void)state;

	for (int i = 0; i < 3; i++) {
		int fd;
		assert_int_equal(fdio_sealed(&fd, "text", texts[i], strlen(texts[i]), NULL), 0);
		assert_int_equal(start_and_call(fd, &value, reason, SECOND_NS), SANDBOX_FORBIDDEN);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest rest[] = {
		cmocka_unit_test(damaged_images_never_hurt_the_zygote),
		cmocka_unit_test(what_is_no_object_is_refused),
	};

	return attacks_run("object_", is_refused_or_harmless, rest, 2);
}
