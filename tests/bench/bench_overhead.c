/*
 * bench_overhead.c - what the boxes and the campaign cost over a bare compile and a bare run of the same programs.
 *
 *   clade run PROBLEM ──▶ its programs ─┬─▶ two processes, one on each CPU: rig_compile, rig_evaluate              boxed
 *                                       └─▶ the same two: cc1, as, ld, a plain call (bare_compile.h, bare_host.h)  bare
 *
 * Boxed and bare take turns, a round is the same programs both ways, and the wall time of a round is until both processes are done. The
 * campaign's own wall time per candidate over the bare one holds everything else too: tuning, duels, proposing, and waiting for each other.
 *
 * A timed problem's ratio is printed and not judged: most of its run is timing, which takes larger batches on a core that others disturb, so
 * that the ratio says more about the neighbours than about the boxes. Undisturbed it is about 1.
 */
#include <limits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <signal.h>

#include "archive/archive.h"
#include "evaluators/plugin.h"
#include "orchestrator/campaign.h"
#include "tests/bench/bare_host.h"

#define PROGRAMS_MAX 64
#define ROUNDS_MAX 24
#define ROUNDS_LEAST 8
#define PATIENCE_NS 25000000000LL   /* enough rounds of a slow kernel */
#define EACH 3                 /* programs of each process in a round */
#define CAMPAIGN_WALL "12s"
#define RATIO_MOST 1.25

struct order { int boxed, round; };
struct answer { int64_t compile_ns, run_ns; int not_ok; };

struct problem {
	const char *name;
	const char *folder;
	char *file, *log, *headers;
	struct campaign campaign;
	struct archive_program programs[PROGRAMS_MAX];
	int program_count;
	double campaign_ns;        /* wall time of the campaign for each candidate that was compiled */
	char *seed; size_t seed_bytes;
};

/* One of the two processes. */
struct side {
	const struct problem *problem;
	int index;
	struct rig *rig;
	struct bare_compile compiler;
	struct clade_run *bare;
	struct frame_blob seed;            /* canonical image */
	bare_entry *seed_entry;
};

/* ---- the campaign ---- */

static int take_programs(struct problem *p, struct archive *a, struct err *e)
{
	struct archive_program *list = NULL, seed = { 0 };
	int count, rc = archive_list(&list, &count, a, &(struct archive_filter){ .verdict = "ok", .limit = PROGRAMS_MAX }, e);
	int64_t id;

	for (int i = 0; rc >= 0 && i < count; i++)
		if (!list[i].flags || text_equal(list[i].flags, "[]"))
			rc = archive_program(&p->programs[p->program_count++], a, list[i].id, true, e);
	if (rc >= 0)
		archive_programs_free(list, count);
	if (rc >= 0)
		rc = archive_resolve(&id, a, "seed", e);
	if (rc >= 0)
		rc = archive_program(&seed, a, id, true, e);
	p->seed = seed.source;
	p->seed_bytes = seed.source_bytes;
	return rc;
}

static void run_campaign(struct problem *p)
{
	struct archive *a = NULL;
	struct archive_totals t;
	struct err e = { 0 };

	bench_clade((const char *const[]){ "run", p->name, "--file", p->file, "--seed", "1", "--quiet", "--wall", CAMPAIGN_WALL, NULL }, p->log);
	campaign_init(&p->campaign);
	if (campaign_load(&p->campaign, p->name, &e) < 0 || archive_open(&a, p->file, ARCHIVE_READ, &e) < 0 || archive_totals(&t, a, &e) < 0 ||
	    take_programs(p, a, &e) < 0)
		bench_stop(p->name, &e);
	p->campaign_ns = (double)t.elapsed_ns / (double)(t.evaluations + t.duplicates_object);
	archive_close(a);
}

/* ---- one process ---- */

static void configure(struct job_configure *j, const struct problem *p, int cpu)
{
	const struct campaign *c = &p->campaign;
	struct err e = { 0 };

	*j = (struct job_configure){ .problem_dir = text_copy(c->problem_dir), .compiler = text_copy(c->compiler), .measures = true, .cpu = cpu,
		.second_cpu = -1, .candidate_included = c->unit == CAMPAIGN_UNIT_INCLUDED, .compile_cpus = { cpu }, .compile_cpu_count = 1 };
	if (c->include)
		j->include_dir = c->include[0] == '/' ? text_copy(c->include) : text_format("%s/%s", c->problem_dir, c->include);
	for (int i = 0; i < c->target_flags.count; i++)
		j->flags[i] = text_copy(c->target_flags.words[i]);
	for (int i = 0; i < c->support.count; i++)
		j->support[i] = text_copy(c->support.words[i]);
	for (int i = 0; i < c->parameters.count; i++) {
		j->parameters[i][0] = text_copy(c->parameters.pairs[i][0]);
		j->parameters[i][1] = text_copy(c->parameters.pairs[i][1]);
	}
	if (plugin_build(&j->plugin, c->problem_dir, &e) < 0)
		bench_stop(p->name, &e);
}

static int nth_cpu(int n)
{
	cpu_set_t set;
	int found = 0;

	sched_getaffinity(0, sizeof set, &set);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set) && (found = i, n-- == 0))
			return i;
	return found;
}

static void boxed_compile(struct frame_blob *image, struct side *s, const char *source, size_t size)
{
	struct job_compile job = { .program = { .source = source, .source_bytes = size } };
	struct job_compile_result result = { 0 };
	struct err e = { 0 };

	if (rig_compile(&result, s->rig, &job, &e) < 0)
		bench_stop("a boxed compile", &e);
	*image = result.image;     /* the rig's until its next compile */
	job_compile_result_release(&result);
}

static void boxed(struct answer *out, struct side *s, const struct archive_program *p)
{
	struct job_evaluate job = { .stream = CLADE_SEARCH, .seed = s->seed };
	struct job_evaluate_result result = { 0 };
	int64_t began_ns = clock_now_ns(), compiled_ns;
	struct err e = { 0 };

	boxed_compile(&job.image, s, p->source, p->source_bytes);
	compiled_ns = clock_now_ns();
	if (rig_evaluate(&result, s->rig, &job, &e) < 0)
		bench_stop("a boxed run", &e);
	out->not_ok += result.verdict != VERDICT_OK;
	job_evaluate_result_release(&result);
	out->compile_ns += compiled_ns - began_ns;
	out->run_ns += clock_now_ns() - compiled_ns;
}

static void bare(struct answer *out, struct side *s, const struct archive_program *p)
{
	int64_t began_ns = clock_now_ns(), compiled_ns;
	void *object;
	bare_entry *entry = bare_compile(&object, &s->compiler, p->source, p->source_bytes);

	compiled_ns = clock_now_ns();
	out->not_ok += bare_evaluate(s->bare, s->rig, entry, s->seed_entry) != CLADE_OK;
	dlclose(object);
	out->compile_ns += compiled_ns - began_ns;
	out->run_ns += clock_now_ns() - compiled_ns;
}

static void open_side(struct side *s)
{
	const struct problem *p = s->problem;
	struct job_configure *configuration = memory_alloc(sizeof *configuration);
	char *folder = text_format("%s/%d", p->folder, s->index);
	struct frame_blob image;
	struct err e = { 0 };
	void *object;

	configure(configuration, p, nth_cpu(s->index));
	if (rig_open(&s->rig, configuration, NULL, &e) < 0)
		bench_stop(p->name, &e);
	if (bench_run((const char *const[]){ "mkdir", folder, NULL }, NULL, NULL) != 0 || chdir(folder) < 0)
		exit(2);
	bare_compile_open(&s->compiler, s->rig, p->headers);
	s->bare = bare_run_new(s->rig);
	boxed_compile(&image, s, p->seed, p->seed_bytes);
	s->seed = (struct frame_blob){ memory_copy(image.bytes, image.size), image.size };
	s->seed_entry = bare_compile(&object, &s->compiler, p->seed, p->seed_bytes);
	free(folder);
}

/* Serve rounds until the other end is closed. The process' own end frees what it holds. */
static void serve(const struct problem *p, int index, int channel)
{
	struct side s = { .problem = p, .index = index };
	struct order o;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	open_side(&s);
	if (write(channel, "", 1) != 1)
		exit(2);
	while (read(channel, &o, sizeof o) == sizeof o) {
		struct answer a = { 0 };

		for (int i = 0; i < EACH; i++) {
			const struct archive_program *program = &p->programs[(o.round * 2 * EACH + index * EACH + i) % p->program_count];

			(o.boxed ? boxed : bare)(&a, &s, program);
		}
		if (write(channel, &a, sizeof a) != sizeof a)
			exit(2);
	}
	rig_close(s.rig);
	exit(0);
}

/* ---- rounds ---- */

/* Wall nanoseconds of one candidate while both processes work. */
static double run_round(struct answer *sum, const int channels[2], int is_boxed, int round)
{
	struct order o = { is_boxed, round };
	int64_t began_ns = clock_now_ns();
	struct answer a;

	for (int i = 0; i < 2; i++)
		if (write(channels[i], &o, sizeof o) != sizeof o)
			exit(2);
	for (int i = 0; i < 2; i++) {
		if (read(channels[i], &a, sizeof a) != sizeof a)
			exit(2);
		sum->compile_ns += a.compile_ns;
		sum->run_ns += a.run_ns;
		sum->not_ok += a.not_ok;
	}
	return (double)(clock_now_ns() - began_ns) / (2 * EACH);
}

static void start_sides(int channels[2], const struct problem *p)
{
	char ready;

	for (int i = 0; i < 2; i++) {
		int ends[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || fflush(stdout) != 0)
			exit(2);
		if (fork() == 0) {
			close(ends[0]);
			if (i > 0)
				close(channels[0]);      /* whose other end must see the parent's close */
			serve(p, i, ends[1]);
		}
		close(ends[1]);
		channels[i] = ends[0];
	}
	for (int i = 0; i < 2; i++)
		if (read(channels[i], &ready, 1) != 1)
			exit(2);
}

static void row_parts(const char *problem, const char *how, const struct answer *sum, int rounds)
{
	char *what = text_format("  %s: %s compile, run of a candidate (ms); not ok", problem, how);
	double n = rounds * 2 * EACH;

	bench_row(what, "", "%.1f %.1f; %d of %.0f", (double)sum->compile_ns / 1e6 / n, (double)sum->run_ns / 1e6 / n, sum->not_ok, n);
	free(what);
}

/* Both ways in turns, the first of them alternating; after a round that warms up. The number of rounds. */
static int run_rounds(double ns[2][ROUNDS_MAX], struct answer sums[2], const int channels[2])
{
	struct answer ignored = { 0 };
	int64_t began_ns;
	int round;

	run_round(&ignored, channels, 0, 0);
	run_round(&ignored, channels, 1, 0);
	began_ns = clock_now_ns();
	for (round = 0; round < ROUNDS_MAX && (round < ROUNDS_LEAST || clock_now_ns() - began_ns < PATIENCE_NS); round++)
		for (int turn = 0; turn < 2; turn++) {
			int is_boxed = (round ^ turn) & 1;

			ns[is_boxed][round] = run_round(&sums[is_boxed], channels, is_boxed, round);
		}
	return round;
}

static int measure(const struct problem *p, bool is_timed)
{
	double ns[2][ROUNDS_MAX], ratios[ROUNDS_MAX], campaign[ROUNDS_MAX];
	struct answer sums[2] = { { 0 } };
	int channels[2], missed, rounds;
	char *what;

	start_sides(channels, p);
	rounds = run_rounds(ns, sums, channels);
	for (int i = 0; i < rounds; i++) {
		ratios[i] = ns[1][i] / ns[0][i];
		campaign[i] = p->campaign_ns / ns[0][i];
	}
	close(channels[0]);
	close(channels[1]);
	while (wait(NULL) > 0)
		continue;
	what = text_format("%s: boxed over bare, wall of a candidate", p->name);
	missed = bench_ratio(what, ratios, rounds, 0, is_timed ? 0 : RATIO_MOST);
	free(what);
	row_parts(p->name, "bare", &sums[0], rounds);
	row_parts(p->name, "boxed", &sums[1], rounds);
	what = text_format("  %s: the whole campaign over bare, wall of a candidate", p->name);
	bench_ratio(what, campaign, rounds, 0, 0);
	free(what);
	return missed;
}

static int bench_problem(const char *name, char *headers, bool is_timed)
{
	struct problem p = { .name = name, .folder = bench_folder(), .headers = headers };
	int missed;

	p.file = text_format("%s/c.clade", p.folder);
	p.log = text_format("%s/log", p.folder);
	run_campaign(&p);
	if (p.program_count == 0) {
		fprintf(stderr, "%s: its campaign has no program that is ok\n", name);
		exit(2);
	}
	missed = measure(&p, is_timed);
	for (int i = 0; i < p.program_count; i++)
		archive_program_release(&p.programs[i]);
	campaign_release(&p.campaign);
	free(p.seed);
	free(p.file);
	free(p.log);
	bench_remove();
	return missed;
}

int main(void)
{
	char *headers = realpath("sandbox/include", NULL);
	int missed = 0;

	if (!headers) {
		perror("sandbox/include: run it from the top of the repository");
		return 2;
	}
	missed |= bench_problem("exp2_ops", headers, false);
	missed |= bench_problem("jobshop_rule", headers, false);
	missed |= bench_problem("sgemm_small", headers, true);
	free(headers);
	return missed;
}
