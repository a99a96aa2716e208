#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "tests/support/boxes.h"

#define ENTRY \
	"__attribute__((visibility(\"default\"))) void clade_call(const void *arguments, void *results)\n"
#define SECOND_NS INT64_C(1000000000)

static const char *const no_imports[] = { NULL };

/* Adds one to its argument; 77 crashes it, 78 hangs it, 79 makes a system call. */
static const char *const plain = ENTRY
	"{\n"
	"	double x = *(const double *)arguments;\n"
	"	if (x == 77) *(volatile int *)0 = 1;\n"
	"	for (; x == 78;) __asm__ volatile(\"\");\n"
	"	if (x == 79) __asm__ volatile(\"syscall\" :: \"a\"(39) : \"rcx\", \"r11\", \"memory\");\n"
	"	*(double *)results = x + 1;\n"
	"}\n";

static int image;

static int open_all(void **state)
{
	if (boxes_open(state))
		return -1;
	image = boxes_image(plain, NULL);
	return 0;
}

static int close_all(void **state)
{
	close(image);
	return boxes_close(state);
}

static void put(struct run_child *c, double x)
{
	*(double *)run_child_arguments(c) = x;
}

static void a_call_answers_and_can_be_repeated(void **state)
{
	struct run_spec spec = boxes_spec(image);
	struct run_child *c = boxes_start(&spec);
	double value = 0;
	(void)state;

	for (int i = 0; i < 100; i++) {
		put(c, -i);
		assert_int_equal(boxes_call(c, &value), SANDBOX_OK);
		assert_true(value == 1 - i);
	}
	run_child_end(c);
}

static void a_batch_runs_every_call_in_order(void **state)
{
	enum { COUNT = RUN_CALLS_MAX };
	struct run_spec spec = boxes_spec(image);
	static struct run_call calls[COUNT];
	static double copy[COUNT];
	struct run_crossing x;
	(void)state;

	spec.arguments_bytes = spec.results_bytes = COUNT * sizeof(double);
	struct run_child *c = boxes_start(&spec);
	for (int i = 0; i < COUNT; i++) {
		((double *)run_child_arguments(c))[i] = 100 + i;
		calls[i] = (struct run_call){ i * sizeof(double),
			(COUNT - 1 - i) * sizeof(double) };
	}
	assert_int_equal(
		run_child_cross(&x, c, calls, COUNT, copy, sizeof copy, SECOND_NS, NULL), 0);
	assert_int_equal(x.outcome, SANDBOX_OK);
	for (int i = 0; i < COUNT; i++)
		assert_true(copy[COUNT - 1 - i] == 101 + i);
	assert_int_equal(
		run_child_cross(&x, c, calls, COUNT + 1, copy, 8, SECOND_NS, NULL), ERR_ARGS);
	assert_int_equal(run_child_cross(&x, c, calls, 0, copy, 8, SECOND_NS, NULL), ERR_ARGS);
	calls[0].argument_offset = COUNT * sizeof(double) + 4096;
	assert_int_equal(run_child_cross(&x, c, calls, 1, copy, 8, SECOND_NS, NULL), ERR_ARGS);
	run_child_end(c);
}

static void results_are_kept_between_crossings_and_go_in_and_out(void **state)
{
	int doubling = boxes_image(ENTRY "{ (void)arguments; *(double *)results *= 2; }\n", NULL);
	struct run_spec spec = boxes_spec(doubling);
	struct run_child *c = boxes_start(&spec);
	double value = 0;
	(void)state;

	*(double *)run_child_results(c) = 3;
	assert_int_equal(boxes_call(c, &value), SANDBOX_OK);
	assert_true(value == 6);
	assert_int_equal(boxes_call(c, &value), SANDBOX_OK);
	assert_true(value == 12);
	run_child_end(c);
	close(doubling);
}

static void several_children_live_at_once_and_apart(void **state)
{
	enum { CHILDREN = 6 };
	int counting = boxes_image("static int calls;\n" ENTRY
				   "{ (void)arguments; *(double *)results = ++calls; }\n",
		NULL);
	struct run_spec spec = boxes_spec(counting);
	struct run_child *c[CHILDREN];
	double value = 0;
	(void)state;

	for (int i = 0; i < CHILDREN; i++)
		c[i] = boxes_start(&spec);
	for (int turn = 1; turn <= 3; turn++)
		for (int i = 0; i < CHILDREN; i++) {
			assert_int_equal(boxes_call(c[i], &value), SANDBOX_OK);
			assert_true(value == turn);
		}
	run_child_end(c[2]);
	assert_int_equal(boxes_call(c[3], &value), SANDBOX_OK);
	for (int i = 0; i < CHILDREN; i++)
		if (i != 2)
			run_child_end(c[i]);
	close(counting);
}

/* How long the driver took to see it. */
static int64_t die_in_mid_batch(enum run_channel channel)
{
	struct run_spec spec = boxes_spec(image);
	struct run_call calls[3] = { { 0, 0 }, { 8, 8 }, { 16, 16 } };
	struct run_crossing x;

	spec.channel = channel;
	struct run_child *c = boxes_start(&spec);
	memcpy(run_child_arguments(c), (double[]){ 1, 77, 2 }, 24);
	int64_t start_ns = clock_now_ns();
	assert_int_equal(run_child_cross(&x, c, calls, 3, NULL, 0, 5 * SECOND_NS, NULL), 0);
	int64_t span_ns = clock_now_ns() - start_ns;
	assert_int_equal(x.outcome, SANDBOX_CRASH);
	assert_int_equal(run_child_outcome(c), SANDBOX_CRASH);
	assert_int_equal(run_child_cross(&x, c, calls, 3, NULL, 0, SECOND_NS, NULL), ERR_ARGS);
	run_child_end(c);
	return span_ns;
}

/* The best of some turns on a busy machine stays below the time slice of a driver that nobody wakes. */
static void death_in_mid_batch_is_a_crash_and_found_at_once(void **state)
{
	(void)state;
	for (int channel = RUN_BLOCKING; channel <= RUN_SPINNING; channel++) {
		int64_t best_ns = SECOND_NS;
		for (int turn = 0; turn < 5; turn++) {
			int64_t span_ns = die_in_mid_batch((enum run_channel)channel);
			best_ns = span_ns < best_ns ? span_ns : best_ns;
		}
		assert_true(best_ns < 20 * INT64_C(1000000));
	}
}

static void a_hanging_child_is_a_timeout_and_dead(void **state)
{
	struct run_spec spec = boxes_spec(image);
	struct run_call call = { 0, 0 };
	struct run_crossing x;
	(void)state;

	for (int turn = 0; turn < 2; turn++) {
		spec.channel = turn ? RUN_SPINNING : RUN_BLOCKING;
		struct run_child *c = boxes_start(&spec);
		pid_t pid = run_child_pid(c);
		put(c, 78);
		assert_int_equal(run_child_cross(&x, c, &call, 1, NULL, 0, 50000000, NULL), 0);
		assert_int_equal(x.outcome, SANDBOX_TIMEOUT);
		assert_true(x.wall_ns >= 50000000 && x.wall_ns < SECOND_NS);
		assert_true(pid > 0 && kill(pid, 0) == -1 && errno == ESRCH);
		run_child_end(c);
	}
}

static void the_processor_limit_backs_up_the_clock(void **state)
{
	struct run_spec spec = boxes_spec(image);
	struct run_call call = { 0, 0 };
	struct run_crossing x;
	(void)state;

	spec.cpu_limit_ns = 1; /* rounded up to a second */
	struct run_child *c = boxes_start(&spec);
	put(c, 78);
	assert_int_equal(run_child_cross(&x, c, &call, 1, NULL, 0, 20 * SECOND_NS, NULL), 0);
	assert_int_equal(x.outcome, SANDBOX_TIMEOUT);
	assert_true(x.wall_ns < 10 * SECOND_NS);
	run_child_end(c);
}

static void a_system_call_is_forbidden(void **state)
{
	struct run_spec spec = boxes_spec(image);
	struct run_child *c = boxes_start(&spec);
	double value;
	(void)state;

	put(c, 79);
	assert_int_equal(boxes_call(c, &value), SANDBOX_FORBIDDEN);
	run_child_end(c);
}

static void guard_pages_stand_at_both_ends(void **state)
{
	static const char *const places[] = {
		"((volatile char *)results)[-1] = 1;",
		"((volatile char *)results)[65536] = 1;",
		"value = ((volatile const char *)arguments)[-1];",
		"value = ((volatile const char *)arguments)[65536];",
		"((volatile char *)arguments)[0] = 1;",
		"{ char *p = malloc(100); for (long i = 0; ; i += 4096) ((volatile char *)p)[i] = 1; }",
		"{ char *p = malloc(100); for (long i = 0; ; i -= 4096) ((volatile char *)p)[i] = 1; }",
	};
	const char *imports[] = { "malloc", NULL };
	double value = 0;
	(void)state;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char source[600];
		snprintf(source, sizeof source,
			"#include <stdlib.h>\n" ENTRY "{ double value = 0; %s "
			"*(double *)results = value; }\n",
			places[i]);
		int hostile = boxes_image(source, NULL);
		struct run_spec spec = boxes_spec(hostile);
		spec.imports = imports;
		spec.arena_bytes = 1 << 20;
		struct run_child *c = boxes_start(&spec);
		assert_int_equal(boxes_call(c, &value), SANDBOX_CRASH);
		run_child_end(c);
		close(hostile);
	}
}

static void the_whole_region_can_be_used(void **state)
{
	int whole = boxes_image(ENTRY
		"{ double s = 0; for (int i = 0; i < 65536; i++) {\n"
		"s += ((const unsigned char *)arguments)[i]; ((char *)results)[i] = 1; } *(double *)results = s; }\n",
		NULL);
	struct run_spec spec = boxes_spec(whole);
	struct run_child *c = boxes_start(&spec);
	double value = 0;
	(void)state;

	memset(run_child_arguments(c), 2, 65536);
	assert_int_equal(boxes_call(c, &value), SANDBOX_OK);
	assert_true(value == 2 * 65536);
	run_child_end(c);
	close(whole);
}

static int start_with(const char *const *imports, size_t arena_bytes, int hostile, char reason[256])
{
	struct run_spec spec = boxes_spec(hostile);
	enum sandbox_outcome outcome;
	struct run_child *c = NULL;

	spec.imports = imports;
	spec.arena_bytes = arena_bytes;
	int rc = run_child_start(&c, boxes_run_box(), &spec, &outcome, reason, NULL);
	if (rc == 1)
		assert_int_equal(outcome, SANDBOX_FORBIDDEN);
	run_child_end(c);
	return rc;
}

static void imports_are_those_that_were_asked_for(void **state)
{
	const char *exp_only[] = { "exp", NULL }, *unknown[] = { "system", NULL };
	char reason[256] = "";
	int exponential = boxes_image("#include <math.h>\n" ENTRY
				      "{ *(double *)results = exp(*(const double *)arguments); }\n",
		NULL);
	(void)state;

	assert_int_equal(start_with(exp_only, 0, exponential, reason), 0);
	assert_int_equal(start_with(no_imports, 0, exponential, reason), 1);
	assert_non_null(strstr(reason, "exp"));
	assert_int_equal(start_with(NULL, 0, exponential, reason), 1);
	assert_int_equal(start_with(unknown, 0, exponential, reason), ERR_ARGS);
	assert_true(run_box_import_known("exp") && run_box_import_known("memcpy") &&
		run_box_import_known("sincosf"));
	assert_false(run_box_import_known("system") || run_box_import_known("open") ||
		run_box_import_known(""));
	close(exponential);
}

static void what_the_compiler_calls_by_itself_needs_no_leave(void **state)
{
	int copying = boxes_image(
		"struct big { char b[5000]; };\n" ENTRY
		"{ struct big x = *(const struct big *)arguments; x.b[0]++; *(struct big *)results = x;\n"
		"*(__int128 *)results /= *(const volatile int *)arguments + 3; }\n",
		NULL);
	char reason[256] = "";
	(void)state;

	assert_int_equal(start_with(no_imports, 0, copying, reason), 0);
	close(copying);
}

static void functions_of_the_loader_compute(void **state)
{
	const char *imports[] = { "exp", "sinf", "pow", "qsort", "bsearch", "strlen", "lround",
		NULL };
	int many = boxes_image(
		"#include <math.h>\n#include <stdlib.h>\n#include <string.h>\n"
		"static int order(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }\n" ENTRY
		"{ int v[100]; for (int i = 0; i < 100; i++) v[i] = i * 37 % 101; qsort(v, 100, sizeof *v, order);\n"
		"for (int i = 1; i < 100; i++) if (v[i - 1] >= v[i]) return;\n"
		"int key = v[41]; const int *found = bsearch(&key, v, 100, sizeof *v, order);\n"
		"*(double *)results = exp(*(const double *)arguments) + pow(2, 10) + (found == v + 41) + sinf(0)\n"
		"+ (double)strlen(\"four\") + (double)lround(2.6); }\n",
		NULL);
	struct run_spec spec = boxes_spec(many);
	double value = 0;
	(void)state;

	spec.imports = imports;
	struct run_child *c = boxes_start(&spec);
	assert_int_equal(boxes_call(c, &value), SANDBOX_OK);
	assert_true(value == 1 + 1024 + 1 + 0 + 4 + 3);
	run_child_end(c);
	close(many);
}

static void the_arena_is_there_when_it_was_asked_for(void **state)
{
	const char *imports[] = { "malloc", "calloc", "realloc", "free", "memset", NULL };
	int heap = boxes_image(
		"#include <stdlib.h>\n#include <string.h>\n" ENTRY
		"{ double got = 0; char *last = 0;\n"
		"for (int i = 0; i < 10000; i++) { char *p = malloc(1000); if (p) got++; p[0] = p[999] = 1; free(p); last = p; }\n"
		"int *z = calloc(1000, sizeof *z); for (int i = 0; i < 1000; i++) if (z[i]) got = -1;\n"
		"z[7] = 9; z = realloc(z, 20000); if (z[7] != 9 || !last) got = -2;\n"
		"while (malloc(4096)) { } if (malloc(1000) == 0) got = -3; *(double *)results = got; }\n",
		NULL);
	struct run_spec spec = boxes_spec(heap);
	char reason[256];
	double value = 0;
	(void)state;

	assert_int_equal(start_with(imports, 0, heap, reason), 1);
	spec.imports = imports;
	spec.arena_bytes = 1 << 20;
	struct run_child *c = boxes_start(&spec);
	assert_int_equal(boxes_call(c, &value), SANDBOX_OK);
	assert_true(value == 10000);
	run_child_end(c);
	close(heap);
}

static void bad_specs_are_errors_of_the_caller(void **state)
{
	enum sandbox_outcome outcome;
	struct run_child *c = NULL;
	char reason[256];
	(void)state;

	for (int i = 0; i < 5; i++) {
		struct run_spec spec = boxes_spec(image);
		if (i == 0)
			spec.tier = SANDBOX_EXEC;
		if (i == 1)
			spec.entry = "";
		if (i == 2)
			spec.arguments_bytes = RUN_REGION_MAX + (size_t)1;
		if (i == 3)
			spec.cpu = 1 << 20;
		if (i == 4)
			spec.entry =
				"a_name_that_is_longer_than_anybody_would_ever_give_to_an_entry_point";
		assert_int_equal(
			run_child_start(&c, boxes_run_box(), &spec, &outcome, reason, NULL),
			i ? ERR_ARGS : ERR_UNSUPPORTED);
	}
	assert_null(c);
}

/* The zygote is the parent of its children; a test may kill it, a candidate cannot. */
static pid_t parent_of(pid_t pid)
{
	char path[64], line[128];
	int parent = 0;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "PPid: %d", &parent) == 1)
			break;
	if (f)
		fclose(f);
	return parent;
}

static void a_thousand_children_and_more_pass_through_one_box(void **state)
{
	struct run_spec spec = boxes_spec(image);
	struct run_child *old = boxes_start(&spec);
	double value = 0;
	(void)state;

	pid_t zygote = parent_of(run_child_pid(old));
	for (int i = 0; i < 1050; i++) {
		struct run_child *c = boxes_start(&spec);
		if (i == 100)
			assert_int_equal(parent_of(run_child_pid(c)), zygote);
		if (i == 1049)
			assert_int_not_equal(parent_of(run_child_pid(c)), zygote);
		if (i % 50 == 0) {
			put(c, i);
			assert_int_equal(boxes_call(c, &value), SANDBOX_OK);
			assert_true(value == i + 1);
		}
		run_child_end(c);
	}
	/* The zygote was replaced meanwhile, and the child of the old one is none the worse. */
	put(old, 5);
	assert_int_equal(boxes_call(old, &value), SANDBOX_OK);
	assert_true(value == 6);
	run_child_end(old);
}

static void a_dead_zygote_is_our_error_once_and_then_replaced(void **state)
{
	struct run_spec spec = boxes_spec(image);
	struct run_child *c = boxes_start(&spec), *next = NULL;
	pid_t zygote = parent_of(run_child_pid(c));
	enum sandbox_outcome outcome;
	struct run_call call = { 0, 0 };
	struct run_crossing x;
	char reason[256];
	(void)state;

	assert_true(zygote > 1 && kill(zygote, SIGKILL) == 0);
	while (kill(run_child_pid(c), 0) == 0)
		clock_sleep_ns(100000);
	assert_int_equal(run_child_cross(&x, c, &call, 1, NULL, 0, SECOND_NS, NULL), ERR_SANDBOX);
	run_child_end(c);
	assert_int_equal(run_child_start(&next, boxes_run_box(), &spec, &outcome, reason, NULL), 0);
	run_child_end(next);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(
	const char *name, enum run_channel channel, int driver, int child, double limit_us)
{
	enum { TURNS = 1000 };
	struct run_spec spec = boxes_spec(image);
	struct run_call call = { 0, 0 };
	static int64_t wall_ns[TURNS], idle_ns[TURNS];
	struct run_crossing x;
	cpu_set_t set, before;
	double value = 0;

	sched_getaffinity(0, sizeof before, &before);
	CPU_ZERO(&set);
	CPU_SET(driver, &set);
	if (sched_setaffinity(0, sizeof set, &set))
		return;
	spec.cpu = child;
	spec.channel = channel;
	struct run_child *c = boxes_start(&spec);
	for (int i = 0; i < TURNS; i++) {
		put(c, -i);
		assert_int_equal(
			run_child_cross(&x, c, &call, 1, &value, sizeof value, SECOND_NS, NULL), 0);
		assert_int_equal(x.outcome, SANDBOX_OK);
		assert_true(value == 1 - i);
		wall_ns[i] = x.wall_ns;
		idle_ns[i] = x.idle_cpu_ns;
	}
	run_child_end(c);
	sched_setaffinity(0, sizeof before, &before);
	qsort(wall_ns, TURNS, sizeof *wall_ns, compare);
	qsort(idle_ns, TURNS, sizeof *idle_ns, compare);
	print_message("# hand-off, %s: median %.2f us, p99 %.2f us\n", name,
		(double)wall_ns[TURNS / 2] / 1e3, (double)wall_ns[TURNS * 99 / 100] / 1e3);
	assert_true((double)wall_ns[TURNS / 2] < limit_us * 1e3);
	assert_true(idle_ns[0] >= 0 && idle_ns[TURNS / 2] < 20000);
}

/*
 * The bounds are ten times what a quiet machine shows: they catch a lost wake-up, not a busy
 * neighbour.
 */
static void the_hand_off_is_short(void **state)
{
	(void)state;
	measure("blocking, one processor", RUN_BLOCKING, 0, 0, 60);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		measure("blocking, two processors", RUN_BLOCKING, 0, 1, 600);
		measure("spinning, two processors", RUN_SPINNING, 0, 1, 60);
	}
}

static void a_spinning_child_that_fell_asleep_is_woken(void **state)
{
	struct run_spec spec = boxes_spec(image);
	double value = 0;
	(void)state;

	spec.channel = RUN_SPINNING;
	struct run_child *c = boxes_start(&spec);
	for (int i = 0; i < 5; i++) {
		put(c, i);
		assert_int_equal(boxes_call(c, &value), SANDBOX_OK);
		assert_true(value == i + 1);
		clock_sleep_ns(60000000);
	}
	run_child_end(c);
}

static void the_childs_processor_time_is_told(void **state)
{
	int busy = boxes_image(ENTRY
		"{ volatile long n = 0; (void)arguments; while (n < 30000000) n++; *(double *)results = 1; }\n",
		NULL);
	struct run_spec spec = boxes_spec(busy);
	struct run_child *c = boxes_start(&spec);
	struct run_call call = { 0, 0 };
	struct run_crossing x;
	(void)state;

	assert_int_equal(run_child_cross(&x, c, &call, 1, NULL, 0, 10 * SECOND_NS, NULL), 0);
	assert_int_equal(x.outcome, SANDBOX_OK);
	assert_true(x.child_cpu_ns > 2000000 && x.child_cpu_ns <= x.wall_ns + 1000000);
	run_child_end(c);
	close(busy);
}

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int count = 0;

	while (d && readdir(d))
		count++;
	closedir(d);
	return count;
}

static void nothing_is_left_open(void **state)
{
	struct run_spec spec = boxes_spec(image);
	int before = open_fds();
	double value;
	(void)state;

	for (int i = 0; i < 5; i++) {
		struct run_child *c = boxes_start(&spec);
		put(c, i == 3 ? 77 : 1);
		boxes_call(c, &value);
		run_child_end(c);
		close(boxes_image(plain, NULL));
	}
	assert_int_equal(open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_answers_and_can_be_repeated),
		cmocka_unit_test(a_batch_runs_every_call_in_order),
		cmocka_unit_test(results_are_kept_between_crossings_and_go_in_and_out),
		cmocka_unit_test(several_children_live_at_once_and_apart),
		cmocka_unit_test(death_in_mid_batch_is_a_crash_and_found_at_once),
		cmocka_unit_test(a_hanging_child_is_a_timeout_and_dead),
		cmocka_unit_test(the_processor_limit_backs_up_the_clock),
		cmocka_unit_test(a_system_call_is_forbidden),
		cmocka_unit_test(guard_pages_stand_at_both_ends),
		cmocka_unit_test(the_whole_region_can_be_used),
		cmocka_unit_test(imports_are_those_that_were_asked_for),
		cmocka_unit_test(what_the_compiler_calls_by_itself_needs_no_leave),
		cmocka_unit_test(functions_of_the_loader_compute),
		cmocka_unit_test(the_arena_is_there_when_it_was_asked_for),
		cmocka_unit_test(bad_specs_are_errors_of_the_caller),
		cmocka_unit_test(a_thousand_children_and_more_pass_through_one_box),
		cmocka_unit_test(a_dead_zygote_is_our_error_once_and_then_replaced),
		cmocka_unit_test(the_hand_off_is_short),
		cmocka_unit_test(a_spinning_child_that_fell_asleep_is_woken),
		cmocka_unit_test(the_childs_processor_time_is_told),
		cmocka_unit_test(nothing_is_left_open),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
