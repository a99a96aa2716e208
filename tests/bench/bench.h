/*
 * bench.h - what the benches share: rows, spreads, a scratch folder, running clade.
 *
 * A row is what<TAB>value<TAB>target; scripts/bench aligns them. A target is judged by a ratio of two things that took turns in one run, and
 * counts as missed only when the whole 95 % interval of the median lies on the wrong side of it: a busy machine widens the interval.
 */
#pragma once

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "evaluators/duel.h"

#define BENCH_WORDS_MAX 32

__attribute__((format(printf, 3, 4)))
static inline void bench_row(const char *what, const char *target, const char *format, ...)
{
	va_list list;

	printf("%s\t", what);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\t%s\n", target);
	fflush(stdout);
}

_Noreturn static inline void bench_stop(const char *what, const struct err *e)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", what, e->text);
	exit(2);
}

static inline int bench_by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts values. */
static inline double bench_quantile(double *values, int n, double share)
{
	int at = (int)(share * n);

	qsort(values, (size_t)n, sizeof(*values), bench_by_value);
	return values[at < n ? at : n - 1];
}

/* A row of ratios, sorted here: 1 when their median is surely above most (most > 0) or below least (least > 0). */
static inline int bench_ratio(const char *what, double *ratios, int n, double least, double most)
{
	struct duel_interval median = duel_median(ratios, n, 0.05);
	char *target = least > 0 ? text_format("at least %.2f", least) : most > 0 ? text_format("at most %.2f", most) : text_copy("");
	int missed = (most > 0 && median.low > most) || (least > 0 && median.high < least);

	qsort(ratios, (size_t)n, sizeof(*ratios), bench_by_value);
	bench_row(what, target, "%.2f (%.2f .. %.2f, %d rounds)%s", median.estimate, ratios[0], ratios[n - 1], n, missed ? " MISSED" : "");
	free(target);
	return missed;
}

/* Run a program with its output in the file log (NULL: nowhere); its exit status, and the seconds that it took unless NULL. */
static inline int bench_run(const char *const argv[], const char *log, double *seconds)
{
	int64_t began_ns = clock_now_ns();
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		int out = open(log ? log : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(out, 1);
		dup2(out, 2);
		execvp(argv[0], (char *const *)(size_t)argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	if (seconds)
		*seconds = (double)(clock_now_ns() - began_ns) / 1e9;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The scratch folder, removed when its maker ends, however that is. */
static char *bench_scratch;
static pid_t bench_scratch_owner;

static inline void bench_remove(void)
{
	if (bench_scratch && bench_scratch_owner == getpid())
		bench_run((const char *const[]){ "rm", "-rf", bench_scratch, NULL }, NULL, NULL);
	free(bench_scratch);
	bench_scratch = NULL;
}

/* A new scratch folder, one at a time. Borrowed until bench_remove. */
static inline const char *bench_folder(void)
{
	const char *temporary = getenv("TMPDIR");

	if (!bench_scratch_owner)
		atexit(bench_remove);
	bench_scratch_owner = getpid();
	bench_scratch = text_format("%s/clade-bench.XXXXXX", temporary ? temporary : "/tmp");
	if (mkdtemp(bench_scratch))
		return bench_scratch;
	perror(bench_scratch);
	exit(2);
}

/* What a program left in its log, to people. */
static inline void bench_show(const char *log)
{
	FILE *f = fopen(log, "r");
	char line[512];

	while (f && fgets(line, sizeof line, f))
		fputs(line, stderr);
	if (f)
		fclose(f);
}

/* clade with these words (NULL-ended, without the program), which must end well: its seconds. Its output goes to log. */
static inline double bench_clade(const char *const words[], const char *log)
{
	const char *argv[BENCH_WORDS_MAX] = { getenv("CLADE") ? getenv("CLADE") : "build/clade" };
	double seconds;
	int status;

	for (int i = 0; words[i] && i < BENCH_WORDS_MAX - 2; i++)
		argv[i + 1] = words[i];
	status = bench_run(argv, log, &seconds);
	if (status == 0)
		return seconds;
	fprintf(stderr, "%s %s ended with status %d; its words:\n", argv[0], words[0], status);
	bench_show(log);
	exit(2);
}
