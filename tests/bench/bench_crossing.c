/*
 * bench_crossing.c - what one hand-off costs: empty crossings into the strict box and back.
 *
 *   blocking:  driver and child on one CPU, futex both ways; beside it two plain processes that do the same without a box, in turns
 *   spinning:  the child on a second CPU
 */
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <signal.h>

#include "sandbox/compile_box.h"
#include "sandbox/run_box.h"
#include "tests/bench/bench.h"

#define ROUNDS 20
#define CROSSINGS 5000                /* of each kind in a round */
#define LIMIT_NS 1000000000
/* The box adds a filtered futex call on each side and the driver's look at its child: measured 1.3 to 1.5. */
#define PLAIN_MOST 2.0

static const char empty_entry[] = "__attribute__((visibility(\"default\"), used)) void clade_call(const void *a, void *r) { (void)a; (void)r; }\n";

static double boxed[ROUNDS * CROSSINGS], plain[ROUNDS * CROSSINGS], spun[ROUNDS * CROSSINGS];

/* ---- two plain processes ---- */

struct plain {
	_Atomic uint32_t *words;      /* doorbell, acknowledgement */
	pid_t pid;
};

static void await(_Atomic uint32_t *word, uint32_t old)
{
	while (atomic_load(word) == old)
		syscall(SYS_futex, word, FUTEX_WAIT, old, NULL, NULL, 0);
}

static void post(_Atomic uint32_t *word, uint32_t value)
{
	atomic_store(word, value);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static struct plain plain_open(void)
{
	struct plain p = { mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), 0 };

	p.pid = fork();
	if (p.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (uint32_t turn = 0;; turn++) {
			await(&p.words[0], turn);
			post(&p.words[16], turn + 1);
		}
	}
	return p;
}

static double plain_cross(const struct plain *p, uint32_t turn)
{
	int64_t began_ns = clock_now_ns();

	post(&p->words[0], turn + 1);
	await(&p->words[16], turn);
	return (double)(clock_now_ns() - began_ns);
}

/* ---- boxes ---- */

static int pin_and_list(int cpus[2])
{
	cpu_set_t set;
	int n = 0;

	sched_getaffinity(0, sizeof set, &set);
	for (int i = CPU_SETSIZE - 1; i >= 0 && n < 2; i--)
		if (CPU_ISSET(i, &set))
			cpus[n++] = i;
	CPU_ZERO(&set);
	CPU_SET(cpus[0], &set);
	sched_setaffinity(0, sizeof set, &set);
	return n;
}

static int compile_empty(struct sandbox *s)
{
	struct compile_request request = { .source = empty_entry, .source_bytes = sizeof empty_entry - 1, .flags = { "-O2" }, .layout_count = 1 };
	struct compile_result result;
	struct err e = { 0 };
	int image;

	if (compile_box_run(&result, s, &request, &e) < 0 || result.outcome != SANDBOX_OK)
		bench_stop("the empty entry", &e);
	image = result.images[0];
	result.images[0] = -1;
	compile_result_release(&result);
	return image;
}

static struct run_child *start(struct run_box *b, int image, enum run_channel channel, int cpu)
{
	struct run_spec spec = { .tier = SANDBOX_STRICT, .image = image, .entry = "clade_call", .arguments_bytes = 4096, .results_bytes = 4096,
		.channel = channel, .cpu = cpu, .cpu_limit_ns = 120000000000 };
	enum sandbox_outcome outcome;
	struct run_child *c = NULL;
	struct err e = { 0 };
	char reason[256] = "";

	if (run_child_start(&c, b, &spec, &outcome, reason, &e) != 0) {
		err_in(&e, "%s", reason);
		bench_stop("a child", &e);
	}
	return c;
}

static double cross(struct run_child *c)
{
	static const struct run_call call;
	struct run_crossing x;
	struct err e = { 0 };

	if (run_child_cross(&x, c, &call, 1, NULL, 0, LIMIT_NS, &e) < 0 || x.outcome != SANDBOX_OK)
		bench_stop("a crossing", &e);
	return (double)x.wall_ns;
}

/* ---- the table ---- */

static void row_tail(const char *what, double *times)
{
	enum { N = ROUNDS * CROSSINGS };

	bench_row(what, "", "%.2f %.2f %.2f", bench_quantile(times, N, 0.5) / 1e3, bench_quantile(times, N, 0.99) / 1e3,
		bench_quantile(times, N, 0.999) / 1e3);
}

static int bench_blocking(struct run_child *c)
{
	struct plain p = plain_open();
	double ratios[ROUNDS];
	uint32_t turn = 0;

	for (int round = 0; round < ROUNDS; round++) {
		double *b = boxed + round * CROSSINGS, *n = plain + round * CROSSINGS;

		for (int i = 0; i < CROSSINGS; i++)
			n[i] = plain_cross(&p, turn++);
		for (int i = 0; i < CROSSINGS; i++)
			b[i] = cross(c);
		ratios[round] = bench_quantile(b, CROSSINGS, 0.5) / bench_quantile(n, CROSSINGS, 0.5);
	}
	kill(p.pid, SIGKILL);
	waitpid(p.pid, NULL, 0);
	row_tail("blocking hand-off: median, 99 %, 99.9 % of 100,000 (us)", boxed);
	row_tail("  two plain processes by futex (us)", plain);
	return bench_ratio("  hand-off over two plain processes", ratios, ROUNDS, 0, PLAIN_MOST);
}

static void bench_spinning(struct run_child *c)
{
	for (int i = 0; i < ROUNDS * CROSSINGS; i++)
		spun[i] = cross(c);
	row_tail("spinning hand-off: median, 99 %, 99.9 % of 100,000 (us)", spun);
}

int main(void)
{
	struct sandbox_options options = { .compiler = "gcc" };
	struct sandbox *s = NULL;
	struct run_box *b = NULL;
	struct run_child *c;
	struct err e = { 0 };
	int cpus[2], count, image, missed;

	if (sandbox_open(&s, &options, &e) < 0 || run_box_open(&b, s, &e) < 0)
		bench_stop("sandbox", &e);
	image = compile_empty(s);
	count = pin_and_list(cpus);
	c = start(b, image, RUN_BLOCKING, cpus[0]);
	missed = bench_blocking(c);
	run_child_end(c);
	if (count == 2) {
		c = start(b, image, RUN_SPINNING, cpus[1]);
		bench_spinning(c);
		run_child_end(c);
	}
	close(image);
	run_box_close(b);
	sandbox_close(s);
	return missed;
}
