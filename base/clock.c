#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define NS_PER_S 1000000000LL

static int64_t read_clock(clockid_t id)
{
	struct timespec t = { 0 };

	clock_gettime(id, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC_RAW);
}

int64_t clock_thread_cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_calendar_s(void)
{
	return (int64_t)time(NULL);
}

void clock_text(char out[32], int64_t calendar_s)
{
	time_t t = (time_t)calendar_s;
	struct tm parts;

	/* Years beyond what the field or struct tm can hold have no text. */
	if (!gmtime_r(&t, &parts) || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		snprintf(out, 32, "?");
}

void clock_sleep_ns(int64_t span_ns)
{
	struct timespec left;

	if (span_ns <= 0)
		return;
	left = (struct timespec){ .tv_sec = span_ns / NS_PER_S, .tv_nsec = span_ns % NS_PER_S };
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		continue;
}
