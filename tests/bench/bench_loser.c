/*
 * bench_loser.c - how long a kernel of a few us a call is measured until it is rejected for being 5 % slower than its rival.
 *
 *   chain (loser/seed.c) as rival and seed ── rig_evaluate ──▶ loser/slower.c, the same with 5 % more steps: checks, then the race
 *
 * Two spans for each trial: the whole race stage as rig_evaluate books it, with the start of four processes, and a race of the same rules on the
 * stopwatch itself, from the first batch to the decision: that is the measuring. It is judged as CPU time of driver and candidates, which take turns on
 * one core and never wait for anything else, so that other work on that core does not count.
 */
#include <math.h>

#include "base/fdio.h"
#include "evaluators/cascade.h"
#include "evaluators/plugin.h"
#include "evaluators/stopwatch.h"
#include "tests/bench/bench.h"

#define PROBLEM "tests/bench/loser"
#define TRIALS 120
#define SPAN_MOST_MS 5.0

struct image { void *bytes; size_t size; };

struct trials {
	double stage_ms[TRIALS], wall_ms[TRIALS], cpu_ms[TRIALS], pairs[TRIALS], ratio[TRIALS];
	int rejected, lost;          /* by rig_evaluate, by the race on the stopwatch */
};

static struct image compile(struct rig *r, const char *path)
{
	struct job_compile job = { 0 };
	struct job_compile_result result = { 0 };
	struct image out;
	struct err e = { 0 };
	char *text = NULL;
	size_t size;

	if (fdio_read_file(&text, &size, path, 1 << 20, &e) < 0)
		bench_stop(path, &e);
	job.program = (struct job_program){ .source = text, .source_bytes = size };
	if (rig_compile(&result, r, &job, &e) < 0 || result.verdict != VERDICT_OK)
		bench_stop(path, &e);
	out = (struct image){ malloc(result.image.size), result.image.size };
	memcpy(out.bytes, result.image.bytes, out.size);
	job_compile_result_release(&result);
	free(text);
	return out;
}

/* ---- the whole stage ---- */

static double race_ms(const struct job_evaluate_result *result)
{
	for (int i = 0; i < result->cost_count; i++)
		if (text_equal(result->costs[i].stage, cascade_rows[CASCADE_RACE].name))
			return (double)result->costs[i].wall_ns / 1e6;
	return 0;
}

static void trial_stage(struct trials *t, struct rig *r, struct image candidate, struct image rival)
{
	struct job_evaluate job = { .image = { candidate.bytes, candidate.size }, .stream = CLADE_SEARCH,
		.rival = { rival.bytes, rival.size }, .seed = { rival.bytes, rival.size } };
	struct job_evaluate_result result;
	struct err e = { 0 };

	if (rig_evaluate(&result, r, &job, &e) < 0)
		bench_stop("a race", &e);
	if (result.verdict == VERDICT_SLOWER && result.class_count == 0)
		t->stage_ms[t->rejected++] = race_ms(&result);
	job_evaluate_result_release(&result);
}

/* ---- the measuring alone ---- */

static struct clade_run *start(struct rig *r, struct image image)
{
	char refused[HOST_REASON_MAX];
	struct clade_run *run = NULL;
	struct host_start s;
	enum verdict verdict;
	struct err e = { 0 };
	int fd;

	if (rig_image_fd(&fd, r, (struct frame_blob){ image.bytes, image.size }, &e) < 0)
		bench_stop("image", &e);
	s = rig_start(r, fd);
	if (host_run_start(&run, &s, &verdict, refused, &e) != 0)
		bench_stop("a child", &e);
	return run;
}

static int64_t spent_cpu_ns(const struct stopwatch *w, struct clade_run *const sides[2])
{
	return clock_thread_cpu_ns() + host_run_cpu_ns(sides[0]) + host_run_cpu_ns(sides[1]) + host_run_cpu_ns(w->empty);
}

static enum duel_state race(double *ratio, struct stopwatch *w, struct clade_run *const sides[2])
{
	struct stopwatch_fault fault = { 0 };
	enum duel_state state = DUEL_OPEN;
	struct duel_race counts = { 0 };
	struct err e = { 0 };
	double seen[64];

	if (stopwatch_calibrate(w, sides[0], &fault, &e) != 0)
		bench_stop("calibration", &e);
	while (state == DUEL_OPEN) {
		if (stopwatch_pair(&seen[counts.pairs], w, sides, 0, &fault, &e) != 0)
			bench_stop("a pair", &e);
		state = duel_race_add(&counts, &duel_race_rule, seen[counts.pairs]);
	}
	*ratio = exp(duel_median(seen, counts.pairs, 0.05).estimate);
	return state;
}

static void trial_measuring(struct trials *t, struct rig *r, struct image candidate, struct image rival)
{
	struct clade_run *const sides[2] = { start(r, rival), start(r, candidate) };
	struct stopwatch w;
	struct err e = { 0 };
	int64_t wall_ns, cpu_ns;

	if (stopwatch_open(&w, r, CLADE_SEARCH, &e) < 0)
		bench_stop("stopwatch", &e);
	wall_ns = clock_now_ns();
	cpu_ns = spent_cpu_ns(&w, sides);
	if (race(&t->ratio[t->lost], &w, sides) == DUEL_NOT_FASTER) {
		t->cpu_ms[t->lost] = (double)(spent_cpu_ns(&w, sides) - cpu_ns) / 1e6;
		t->wall_ms[t->lost] = (double)(clock_now_ns() - wall_ns) / 1e6;
		t->pairs[t->lost++] = w.pairs;
	}
	host_run_end(sides[0]);
	host_run_end(sides[1]);
	stopwatch_close(&w);
}

/* ---- the table ---- */

static int print(struct trials *t)
{
	struct duel_interval cpu;
	int missed;

	bench_row("5 % loser of a 2.5 us kernel: rejected", "", "%d of %d", t->rejected, TRIALS);
	if (t->rejected < TRIALS * 9 / 10 || t->lost < TRIALS * 9 / 10)
		return 1;
	cpu = duel_median(t->cpu_ms, t->lost, 0.05);
	missed = cpu.low > SPAN_MOST_MS;
	bench_row("  measuring, CPU time: median, 90 % (ms)", "median at most 5", "%.2f %.2f%s", cpu.estimate, bench_quantile(t->cpu_ms, t->lost, 0.9),
		missed ? " MISSED" : "");
	bench_row("  measuring, wall: median, 90 % (ms)", "", "%.2f %.2f", bench_quantile(t->wall_ms, t->lost, 0.5),
		bench_quantile(t->wall_ms, t->lost, 0.9));
	bench_row("  pairs: median, 90 %", "", "%.0f %.0f", bench_quantile(t->pairs, t->lost, 0.5), bench_quantile(t->pairs, t->lost, 0.9));
	bench_row("  its speed over the rival's: 10 %, median, 90 %", "", "%.3f %.3f %.3f", bench_quantile(t->ratio, t->lost, 0.1),
		bench_quantile(t->ratio, t->lost, 0.5), bench_quantile(t->ratio, t->lost, 0.9));
	bench_row("  the whole stage, processes started, wall: median, 90 % (ms)", "", "%.2f %.2f", bench_quantile(t->stage_ms, t->rejected, 0.5),
		bench_quantile(t->stage_ms, t->rejected, 0.9));
	return missed;
}

int main(void)
{
	struct job_configure configure = { .compiler = text_copy("gcc"), .flags = { text_copy("-O2") }, .measures = true, .lane = true,
		.cpu = -1, .second_cpu = -1 };
	static struct trials trials;
	const char *folder = bench_folder();
	struct image rival, loser;
	struct rig *r = NULL;
	struct err e = { 0 };

	setenv("XDG_CACHE_HOME", folder, 1);
	if (plugin_find_problem(&configure.problem_dir, PROBLEM, &e) < 0 || plugin_build(&configure.plugin, configure.problem_dir, &e) < 0 ||
	    rig_open(&r, &configure, NULL, &e) < 0)
		bench_stop(PROBLEM, &e);
	rival = compile(r, PROBLEM "/seed.c");
	loser = compile(r, PROBLEM "/slower.c");
	for (int i = 0; i < TRIALS; i++) {
		trial_stage(&trials, r, loser, rival);
		trial_measuring(&trials, r, loser, rival);
	}
	free(rival.bytes);
	free(loser.bytes);
	rig_close(r);
	job_configure_release(&configure);
	bench_remove();
	return print(&trials);
}
