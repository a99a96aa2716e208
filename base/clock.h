/*
 * clock.h - spans are monotonic int64_t nanoseconds; calendar time only in rows that people read.
 */
#pragma once

#include <stdint.h>

int64_t clock_now_ns(void);               /* CLOCK_MONOTONIC_RAW: for spans and timing */
int64_t clock_thread_cpu_ns(void);
int64_t clock_calendar_s(void);           /* seconds since 1970, UTC */
void clock_text(char out[32], int64_t calendar_s);   /* 2026-01-31T12:00:00Z */
void clock_sleep_ns(int64_t span_ns);
