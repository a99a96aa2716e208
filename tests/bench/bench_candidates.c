/*
 * bench_candidates.c - candidates per second of short real campaigns, and in which stages the time goes.
 *
 * A stage's share is of the wall time of all stages together; they run on all processors at once, so that the sum over the campaign's
 * own wall time says how many processors were at work. Reads what the campaigns themselves recorded.
 */
#include "archive/archive.h"
#include "tests/bench/bench.h"

#define WALL "15s"

static void row_stages(const char *problem, struct archive *a, const struct archive_totals *t)
{
	struct archive_count *stages = NULL;
	struct err e = { 0 };
	double sum_ns = 0;
	int count = 0;

	if (archive_stages(&stages, &count, a, &e) < 0)
		bench_stop("stages", &e);
	for (int i = 0; i < count; i++)
		sum_ns += (double)stages[i].wall_ns;
	for (int i = 0; i < count; i++) {
		const struct archive_count *s = &stages[i];
		char *what = text_format("%s: %s", problem, s->name);

		bench_row(what, "", "%.1f %% (%lld x %.3f ms)", 100 * (double)s->wall_ns / sum_ns, (long long)s->count,
			(double)s->wall_ns / 1e6 / (double)s->count);
		free(what);
	}
	char *what = text_format("%s: stages at work at once", problem);

	bench_row(what, "", "%.2f", sum_ns / (double)t->elapsed_ns);
	free(what);
	free(stages);
}

static void bench_problem(const char *folder, const char *problem)
{
	char *file = text_format("%s/%s.clade", folder, problem), *log = text_format("%s/log", folder);
	char *what = text_format("%s: candidates per second", problem);
	struct archive *a = NULL;
	struct archive_totals t;
	struct err e = { 0 };

	bench_clade((const char *const[]){ "run", problem, "--file", file, "--seed", "1", "--quiet", "--wall", WALL, NULL }, log);
	if (archive_open(&a, file, ARCHIVE_READ, &e) < 0 || archive_totals(&t, a, &e) < 0)
		bench_stop(file, &e);
	bench_row(what, "", "%.1f (%lld in %.1f s)", (double)t.evaluations * 1e9 / (double)t.elapsed_ns, (long long)t.evaluations,
		(double)t.elapsed_ns / 1e9);
	free(what);
	what = text_format("%s: duplicates by token, by object", problem);
	bench_row(what, "", "%lld, %lld", (long long)t.duplicates_token, (long long)t.duplicates_object);
	row_stages(problem, a, &t);
	archive_close(a);
	free(what);
	free(file);
	free(log);
}

int main(void)
{
	const char *folder = bench_folder();

	bench_problem(folder, "exp2_ops");
	bench_problem(folder, "jobshop_rule");
	bench_problem(folder, "sgemm_small");
	bench_remove();
	return 0;
}
