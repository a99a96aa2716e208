#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/err.h"

static void additions_follow_each_other_with_a_nul_behind(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 1000);
	assert_int_equal(buffer_add_text(&b, "ab"), 0);
	assert_int_equal(buffer_add(&b, "c\0d", 3), 0);
	assert_int_equal(buffer_format(&b, "%d", 42), 0);
	assert_int_equal(b.size, 7);
	assert_memory_equal(b.bytes, "abc\0d42\0", 8);
	buffer_release(&b);
}

static void going_over_the_cap_drops_the_addition_whole(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 4);
	assert_int_equal(buffer_add_text(&b, "abc"), 0);
	assert_int_equal(b.full, 0);
	assert_int_equal(buffer_add_text(&b, "de"), ERR_LIMIT);
	assert_int_equal(b.full, 1);
	assert_string_equal(b.bytes, "abc");
	assert_int_equal(buffer_add_text(&b, "d"), 0);
	assert_string_equal(b.bytes, "abcd");
	assert_int_equal(buffer_format(&b, "%s", "e"), ERR_LIMIT);
	assert_int_equal(buffer_add(&b, "x", SIZE_MAX), ERR_LIMIT);
	buffer_release(&b);
}

static void a_long_text_grows_it(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 1 << 20);
	for (int i = 0; i < 10000; i++)
		buffer_format(&b, "%05d ", i);
	assert_int_equal(b.size, 60000);
	assert_memory_equal(b.bytes + 59994, "09999 ", 7);
	buffer_release(&b);
}

static void dropping_the_front_keeps_the_rest(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 100);
	buffer_drop_front(&b, 3);
	buffer_add_text(&b, "abcdef");
	buffer_drop_front(&b, 2);
	assert_string_equal(b.bytes, "cdef");
	buffer_drop_front(&b, 100);
	assert_int_equal(b.size, 0);
	assert_string_equal(b.bytes, "");
	buffer_release(&b);
}

static void taking_gives_the_bytes_away_and_never_null(void **state)
{
	struct buffer b;
	char *taken;

	(void)state;
	buffer_init(&b, 100);
	taken = buffer_take(&b);
	assert_string_equal(taken, "");
	free(taken);
	buffer_add_text(&b, "x");
	taken = buffer_take(&b);
	assert_string_equal(taken, "x");
	assert_null(b.bytes);
	assert_int_equal(b.max, 100);
	free(taken);
}

static void clearing_keeps_the_room_and_forgets_fullness(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 3);
	buffer_add_text(&b, "abc");
	buffer_add_text(&b, "d");
	size_t room = b.room;
	buffer_clear(&b);
	assert_int_equal(b.room, room);
	assert_int_equal(b.size, 0);
	assert_int_equal(b.full, 0);
	assert_string_equal(b.bytes, "");
	buffer_release(&b);
	buffer_release(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(additions_follow_each_other_with_a_nul_behind),
		cmocka_unit_test(going_over_the_cap_drops_the_addition_whole),
		cmocka_unit_test(a_long_text_grows_it),
		cmocka_unit_test(dropping_the_front_keeps_the_rest),
		cmocka_unit_test(taking_gives_the_bytes_away_and_never_null),
		cmocka_unit_test(clearing_keeps_the_room_and_forgets_fullness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
