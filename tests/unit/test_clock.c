#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"

static void sleeping_passes_at_least_the_span(void **state)
{
	int64_t before = clock_now_ns();

	(void)state;
	clock_sleep_ns(5000000);
	/* The raw clock is not slewed and the sleep's clock is, by at most 500 ppm: adjtimex(2). */
	assert_true(clock_now_ns() - before >= 4990000);
	clock_sleep_ns(0);
	clock_sleep_ns(-1);
}

static void sleeping_costs_no_cpu_time_but_working_does(void **state)
{
	int64_t start = clock_thread_cpu_ns();
	volatile unsigned x = 0;

	(void)state;
	clock_sleep_ns(20000000);
	assert_true(clock_thread_cpu_ns() - start < 15000000);
	start = clock_thread_cpu_ns();
	for (int i = 0; i < 1000000; i++)
		x = x + 1;
	assert_true(clock_thread_cpu_ns() - start > 100000);
}

static void calendar_text_is_utc(void **state)
{
	char text[32];

	(void)state;
	clock_text(text, 0);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	clock_text(text, 1769860800);
	assert_string_equal(text, "2026-01-31T12:00:00Z");
	clock_text(text, INT64_MAX);
	assert_string_equal(text, "?");
	assert_true(clock_calendar_s() > 1700000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sleeping_passes_at_least_the_span),
		cmocka_unit_test(sleeping_costs_no_cpu_time_but_working_does),
		cmocka_unit_test(calendar_text_is_utc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
