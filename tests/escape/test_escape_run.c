/*
 * Attacks of running code: tests/escape/programs/run_*.c through a standard adapter, then what
 * takes more than one program or a look from outside: traces left for the next candidate, early
 * answers, descriptors, identities, a service that is killed.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/text.h"
#include "tests/support/attacks.h"
#include "tests/support/boxes.h"

#define MS_NS INT64_C(1000000)
#define ADAPTER \
	"#include <attack.h>\n__attribute__((visibility(\"default\")))\n" \
	"void clade_call(const void *arguments, void *results) { *(double *)results = attack(arguments, results); }\n"
#define ATTACK(body) \
	"#include <attack.h>\n#include \"probe.h\"\n" \
	"double attack(const void *arguments, void *results)\n{\n(void)arguments; (void)results;\n" body \
	"\n}\n"

/*
 * In an open process the attack reaches its aim: so the box, and not a slip in the program, is what
 * stops it.
 */
static void show_that_it_works_outside(const struct attacks_one *a)
{
	char *path = text_format("%s/%s", attacks_folder(), a->name);
	char *command = text_format("gcc -O1 -w -shared -fPIC -I" ATTACKS_FOLDER
				    "/include -o '%s.so' " ATTACKS_FOLDER "/%s.c",
		path, a->name);
	char *library = text_format("%s.so", path);
	int status;

	assert_int_equal(system(command), 0);
	pid_t pid = fork();
	if (pid == 0) {
		static char room[2][65536] __attribute__((aligned(4096)));
		void *handle = dlopen(library, RTLD_NOW);
		double (*attack)(const void *, void *);
		*(void **)&attack = handle ? dlsym(handle, "attack") : NULL;
		_exit(attack && attack(room[0], room[1]) > 0 ? 0 : 1);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	unlink(library);
	free(library);
	free(command);
	free(path);
	if (status)
		fail_msg(
			"%s is harmless even without a box (status %x)", a->name, (unsigned)status);
}

static void is_stopped(void **state)
{
	const struct attacks_one *a = *state;
	struct run_call call = { 0, 0 };
	struct run_crossing x;
	struct err e = { 0 };
	double value = -1;

	if (a->works_outside)
		show_that_it_works_outside(a);
	int image = boxes_image(a->text, ADAPTER);
	struct run_spec spec = boxes_spec(image);
	struct run_child *c = boxes_start(&spec);
	if (run_child_cross(&x, c, &call, 1, &value, sizeof value, 200 * MS_NS, &e) < 0)
		fail_msg("%s", e.text);
	attacks_check(a, x.outcome, "");
	if (x.outcome != SANDBOX_OK)
		assert_true(value == -1);
	run_child_end(c);
	close(image);
}

static double run_once(const char *source)
{
	int image = boxes_image(source, ADAPTER);
	struct run_spec spec = boxes_spec(image);
	const char *imports[] = { "malloc", NULL };
	double value = -1;

	spec.imports = imports;
	spec.arena_bytes = 1 << 20;
	struct run_child *c = boxes_start(&spec);
	assert_int_equal(boxes_call(c, &value), SANDBOX_OK);
	run_child_end(c);
	close(image);
	return value;
}

/*
 * Marks everything that it can write: results, arena, stack, data, and the words beside its answer.
 */
#define PLACES \
	"#include <stdlib.h>\n#include <attack.h>\n#include \"probe.h\"\nstatic uint64_t table[1024];\n" \
	"__attribute__((noinline)) static double use_stack(int write)\n" \
	"{ uint64_t stack[2048]; volatile uint64_t *s = stack; double found = 0;\n" \
	"for (int i = 0; i < 2048; i++) { if (write) s[i] = PROBE_MARK; found += s[i] == PROBE_MARK; } return found; }\n"
static const char *const marker = PLACES ATTACK(
	"struct ack *a = find_ack(); uint64_t *r = results, *heap = malloc(64 << 10); if (!a) return -2;\n"
	"for (int i = 0; i < 8192; i++) r[i] = heap[i] = PROBE_MARK;\n"
	"for (int i = 0; i < 1024; i++) ((volatile uint64_t *)table)[i] = PROBE_MARK;\n"
	"((volatile uint64_t *)a)[100] = PROBE_MARK; return use_stack(1) == 2048;");
static const char *const finder = PLACES ATTACK(
	"struct ack *a = find_ack(); uint64_t *r = results, *heap = malloc(64 << 10); if (!a) return -2;\n"
	"double found = use_stack(0) + (((volatile uint64_t *)a)[100] == PROBE_MARK);\n"
	"for (int i = 0; i < 8192; i++) found += (r[i] == PROBE_MARK) + (heap[i] == PROBE_MARK);\n"
	"for (int i = 0; i < 1024; i++) found += ((volatile uint64_t *)table)[i] == PROBE_MARK; return found;");

static void nothing_of_one_candidate_reaches_the_next(void **state)
{
	(void)state;
	for (int turn = 0; turn < 3; turn++) {
		assert_true(run_once(marker) == 1);
		assert_true(run_once(finder) == 0);
	}
}

static void a_dirty_processor_state_ends_with_its_candidate(void **state)
{
	static const char *const dirty[] = {
		ATTACK("__asm__ volatile(\"std\"); return 1;"),
		ATTACK("uint32_t m = 0x9fc0; uint16_t w = 0x7f; __asm__ volatile(\"ldmxcsr %0; fldcw %1\" :: \"m\"(m), \"m\"(w));\n"
		       "return !probe_clean_state();"),
		ATTACK("__builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | 0x40000); return 1;"),
	};
	const char *clean = ATTACK("return probe_clean_state();");
	(void)state;

	for (int i = 0; i < 3; i++) {
		int image = boxes_image(dirty[i], ADAPTER);
		struct run_spec spec = boxes_spec(image);
		struct run_child *c = boxes_start(&spec);
		double value;
		boxes_call(c, &value);
		run_child_end(c);
		close(image);
		assert_true(run_once(clean) == 1);
	}
}

/* Works for 20 ms or more, but says that it is done before it starts. */
static const char *const early = ATTACK(
	"struct ack *a = find_ack(); volatile double *r = results; if (!a) return -2;\n"
	"a->seq++; a->door = 0; call6(202, (long)&a->door, 1, 1, 0, 0, 0);\n"
	"for (volatile long n = 0; n < 100000000; n++) { } r[1] = 42; return 42;");

/* One processor for both, so that the early answer is taken while the work has not been done. */
static void an_early_answer_gets_the_poison_and_no_time(void **state)
{
	int image = boxes_image(early, ADAPTER);
	struct run_spec spec = boxes_spec(image);
	struct run_call call = { 0, 0 };
	struct run_crossing x;
	double copy[2] = { 0, 0 };
	cpu_set_t set, before;
	(void)state;

	spec.cpu = 0;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_getaffinity(0, sizeof before, &before);
	sched_setaffinity(0, sizeof set, &set);
	struct run_child *c = boxes_start(&spec);
	((double *)run_child_results(c))[1] = -7;
	assert_int_equal(
		run_child_cross(&x, c, &call, 1, copy, sizeof copy, 1000 * MS_NS, NULL), 0);
	/*
	 * Either the copy was taken before the work, or the work stands in the time: never both
	 * saved.
	 */
	if (x.outcome == SANDBOX_OK && copy[1] == 42)
		assert_true(x.wall_ns > 5 * MS_NS);
	else
		assert_true(copy[1] == -7);
	/*
	 * What it still does now is idle time that the next crossing tells, or it does not come to
	 * rest.
	 */
	if (x.outcome == SANDBOX_OK && copy[1] != 42) {
		assert_int_equal(
			run_child_cross(&x, c, &call, 1, copy, sizeof copy, 1000 * MS_NS, NULL), 0);
		assert_true(x.outcome == SANDBOX_CHEAT || x.idle_cpu_ns > MS_NS);
	}
	run_child_end(c);
	sched_setaffinity(0, sizeof before, &before);
	close(image);
}

/* Says that it is done and never comes to rest: found out at the next crossing. */
static void a_candidate_that_works_between_crossings_is_a_cheat(void **state)
{
	int image = boxes_image(
		ATTACK("struct ack *a = find_ack(); if (!a) return -2;\n"
		       "a->seq++; a->door = 0; call6(202, (long)&a->door, 1, 1, 0, 0, 0);\n"
		       "for (;;) __asm__ volatile(\"\");"),
		ADAPTER);
	struct run_spec spec = boxes_spec(image);
	struct run_child *c = boxes_start(&spec);
	struct run_call call = { 0, 0 };
	struct run_crossing x;
	double copy = 0;
	(void)state;

	*(double *)run_child_results(c) = -7;
	assert_int_equal(
		run_child_cross(&x, c, &call, 1, &copy, sizeof copy, 1000 * MS_NS, NULL), 0);
	assert_int_equal(x.outcome, SANDBOX_OK);
	assert_true(copy == -7);
	assert_int_equal(run_child_cross(&x, c, &call, 1, &copy, sizeof copy, 50 * MS_NS, NULL), 0);
	assert_int_equal(x.outcome, SANDBOX_CHEAT);
	run_child_end(c);
	close(image);
}

static void the_heap_ends_where_the_arena_ends(void **state)
{
	(void)state;
	assert_true(
		run_once("#include <stdlib.h>\n" ATTACK(
			"double got = 0; char *p;\n"
			"while ((p = malloc(4096 - 16)) != 0) { p[0] = p[4000] = 1; got++; } return got;")) <=
		256);
}

/* ---- from outside ---- */

static bool status_line(pid_t pid, const char *name, char *out, size_t size)
{
	char path[64], line[256], *found = NULL;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (text_has_prefix(line, name)) {
			line[strcspn(line, "\n")] = '\0';
			found = line + strlen(name);
			snprintf(out, size, "%s", found + strspn(found, ": \t"));
			break;
		}
	if (f)
		fclose(f);
	return found != NULL;
}

static long status_number(pid_t pid, const char *name, int base)
{
	char text[128] = "";

	assert_true(status_line(pid, name, text, sizeof text));
	return strtol(text, NULL, base);
}

/* -1 where we may not look. */
static int count_fds(pid_t pid)
{
	char path[64];
	int count = 0;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *d = opendir(path);
	if (!d)
		return -1;
	for (struct dirent *entry; (entry = readdir(d)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(d);
	return count;
}

static void a_candidate_and_its_zygote_hold_nothing(void **state)
{
	int leak = open(
		"/dev/null", O_RDONLY); /* a descriptor of the service without close-on-exec */
	struct run_box *b = NULL;
	struct run_child *c = NULL;
	enum sandbox_outcome outcome;
	char reason[256], line[256];
	(void)state;

	int image = boxes_image(ATTACK("return 1;"), ADAPTER);
	struct run_spec spec = boxes_spec(image);
	assert_int_equal(run_box_open(&b, boxes_sandbox(), NULL), 0);
	assert_int_equal(run_child_start(&c, b, &spec, &outcome, reason, NULL), 0);
	pid_t pid = run_child_pid(c), zygote = (pid_t)status_number(pid, "PPid", 10);
	pid_t both[] = { pid, zygote };
	for (int i = 0; i < 2; i++) {
		assert_int_equal(status_number(both[i], "Seccomp:", 10), 2);
		assert_int_equal(status_number(both[i], "NoNewPrivs", 10), 1);
		assert_int_equal(status_number(both[i], "CapEff", 16), 0);
		assert_int_equal(status_number(both[i], "CapBnd", 16), 0);
		assert_int_equal(status_number(both[i], "Threads", 10), 1);
		assert_true(status_number(both[i], "Uid", 10) != 0);
		assert_true(status_line(both[i], "NSpid", line, sizeof line) && strchr(line, '\t'));
	}
	assert_true(status_number(pid, "Seccomp_filters", 10) >
		status_number(zygote, "Seccomp_filters", 10));
	/* The zygote closes its handle of the child a moment after the child is ready. */
	for (int turn = 0; turn < 100 && count_fds(zygote) > 4; turn++)
		clock_sleep_ns(MS_NS);
	int fds[] = { count_fds(pid), count_fds(zygote) };
	assert_true(fds[0] == 0 || (fds[0] < 0 && geteuid()));
	assert_true(fds[1] == 4 || (fds[1] < 0 && geteuid())); /* standard streams and the socket */
	run_child_end(c);
	run_box_close(b);
	close(leak);
	close(image);
}

/* Dead, if perhaps not yet reaped by the init of this machine, which takes its time. */
static bool is_gone(pid_t pid)
{
	char state[32] = "";

	return (kill(pid, 0) && errno == ESRCH) ||
		!status_line(pid, "State", state, sizeof state) || state[0] == 'Z' ||
		state[0] == 'X';
}

/* The service is killed with a candidate that never ends: nothing of it is left. */
static void a_killed_service_takes_its_boxes_along(void **state)
{
	int image = boxes_image(ATTACK("for (;;) __asm__ volatile(\"\");"), ADAPTER), ends[2],
	    pids[2] = { 0, 0 }, status;
	(void)state;

	assert_int_equal(pipe(ends), 0);
	pid_t service = fork();
	if (service == 0) {
		struct sandbox *s = NULL;
		struct run_box *b = NULL;
		struct run_child *c = NULL;
		struct run_spec spec = boxes_spec(image);
		enum sandbox_outcome outcome;
		struct run_crossing x;
		char reason[256];
		if (sandbox_open(&s, NULL, NULL) || run_box_open(&b, s, NULL) ||
			run_child_start(&c, b, &spec, &outcome, reason, NULL))
			_exit(1);
		pids[0] = run_child_pid(c);
		pids[1] = (int)status_number(pids[0], "PPid", 10);
		if (write(ends[1], pids, sizeof pids) < 0)
			_exit(1);
		run_child_cross(&x, c, &(struct run_call){ 0, 0 }, 1, NULL, 0, 60000 * MS_NS, NULL);
		_exit(1);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], pids, sizeof pids), sizeof pids);
	close(ends[0]);
	assert_true(pids[0] > 1 && pids[1] > 1 && kill(pids[0], 0) == 0);
	int64_t start_ns = clock_now_ns();
	kill(service, SIGKILL);
	waitpid(service, &status, 0);
	while (!(is_gone(pids[0]) && is_gone(pids[1])) && clock_now_ns() - start_ns < 5000 * MS_NS)
		clock_sleep_ns(MS_NS);
	assert_true(is_gone(pids[0]) && is_gone(pids[1]));
	print_message("# a killed service: its boxes were gone after %.0f ms\n",
		(double)(clock_now_ns() - start_ns) / 1e6);
	close(image);
}

int main(void)
{
	const struct CMUnitTest rest[] = {
		cmocka_unit_test(nothing_of_one_candidate_reaches_the_next),
		cmocka_unit_test(a_dirty_processor_state_ends_with_its_candidate),
		cmocka_unit_test(an_early_answer_gets_the_poison_and_no_time),
		cmocka_unit_test(a_candidate_that_works_between_crossings_is_a_cheat),
		cmocka_unit_test(the_heap_ends_where_the_arena_ends),
		cmocka_unit_test(a_candidate_and_its_zygote_hold_nothing),
		cmocka_unit_test(a_killed_service_takes_its_boxes_along),
	};

	return attacks_run("run_", is_stopped, rest, sizeof rest / sizeof *rest);
}
