/*
 * progress.h - what a running campaign shows: one live block on a terminal, plain lines otherwise
 * (NO_COLOR honoured).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct archive_totals;

#define PROGRESS_VERDICTS_MAX 12
struct progress_facts {
	const char *problem, *file, *fitness_name, *fitness_unit;
	int64_t evaluations, duplicates, cells_filled, cells, proposed;
	double rate;                            /* evaluations per second, lately */
	double best, best_low, best_high, seed; /* fitness; interval NAN for behaviour metrics */
	const char *best_id;                    /* short hex, or NULL */
	struct {
		const char *name;
		int64_t count;
	} verdicts[PROGRESS_VERDICTS_MAX];
	int verdict_count;
	int measuring_busy, measuring, compiling_busy, compiling;
	int64_t elapsed_ns, left_ns; /* left -1: no limit */
	int64_t evaluations_left;    /* -1: no limit */
};
struct progress;
/* out: stderr or stdout; live when it is a terminal and TERM is not dumb. */
struct progress *progress_new(FILE *out, bool quiet);
void progress_free(struct progress *p);
/* Redraw (terminal: at most 10 times a second; plain: a line every few seconds or when force). */
void progress_show(struct progress *p, const struct progress_facts *f, bool force);
/* A line that stays: a new best, a warning. */
void progress_line(struct progress *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
