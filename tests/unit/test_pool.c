/*
 * The pool against workers that misbehave in every way a process can. This binary is its own worker: the launcher starts it as
 * `test_pool fake MODE`; the mode says how it begins, a job's "do" what it does with that job.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/job.h"
#include "orchestrator/pool.h"

#define SECOND_NS 1000000000LL
#define GUARD_MS 20000             /* a test that takes so long hangs */
#define JOBS_MAX 16

/* ---- the worker ---- */

static void send_head(cJSON *head)
{
	if (frame_write(STDOUT_FILENO, head, NULL, 0, NULL) < 0)
		_exit(3);
	cJSON_Delete(head);
}

static cJSON *new_head(const char *type)
{
	cJSON *head = cJSON_CreateObject();

	json_put_text(head, "type", type);
	return head;
}

static void answer(int64_t id, const char *error)
{
	cJSON *head = new_head("result");

	json_put_i64(head, "id", id);
	json_put_i64(head, "pid", getpid());
	if (error != NULL)
		json_put_text(head, "error", error);
	send_head(head);
}

static void live_on(int beats)
{
	for (int i = 0; i < beats; i++) {
		usleep(100000);
		send_head(new_head("alive"));
	}
}

static void work(const cJSON *head)
{
	const char *what = json_text_or(head, "do", "");
	int64_t id = json_i64_or(head, "id", -1);

	if (text_equal(what, "die"))
		raise(SIGKILL);
	else if (text_equal(what, "die late")) {
		usleep(300000);
		raise(SIGKILL);
	} else if (text_equal(what, "sleep"))
		pause();
	else if (text_equal(what, "beat"))
		live_on(12);
	else if (text_equal(what, "garbage"))
		fdio_write_all(STDOUT_FILENO, "so I said to the frame: no\n", 27, NULL);
	else if (text_equal(what, "stranger"))
		id += 1000;
	else if (text_equal(what, "ready"))
		send_head(new_head("ready"));
	else if (text_equal(what, "shut")) {
		close(STDOUT_FILENO);
		pause();
	} else if (text_equal(what, "talk"))
		fdio_write_all(STDERR_FILENO, "one\x1b line\nand a half", 20, NULL);
	answer(id, text_equal(what, "fail") ? "the disk of this worker is full" : NULL);
	if (text_equal(what, "leave"))
		_exit(7);
}

static int serve(bool stays)
{
	struct buffer in;
	struct frame f = { 0 };

	buffer_init(&in, FRAME_BYTES_MAX);
	while (frame_read(&f, STDIN_FILENO, &in, NULL) == 1) {
		const char *type = json_text_or(f.head, "type", "");

		if (text_equal(type, "bye") && stays)
			pause();
		if (text_equal(type, "bye")) {
			send_head(new_head("bye"));
			return 0;
		}
		if (text_equal(type, "job"))
			work(f.head);
		frame_release(&f);
	}
	return 3;
}

static int fake(const char *mode)
{
	const char *secret = getenv("OPENAI_API_KEY"), *home = getenv("HOME");
	cJSON *head = new_head(text_equal(mode, "failed") ? "failed" : "ready");

	if (text_equal(mode, "dies"))
		_exit(9);
	if (text_equal(mode, "mute"))
		pause();
	if (text_equal(mode, "last words")) {
		fdio_write_all(STDERR_FILENO, "no such plug-in", 15, NULL);
		raise(SIGABRT);              /* a sanitizer would take SIGSEGV over */
	}
	json_put_i64(head, "version", text_equal(mode, "old") ? FRAME_VERSION + 1 : FRAME_VERSION);
	json_put_i64(head, "pid", getpid());
	json_put_text(head, "secret", secret);
	json_put_text(head, "home", home);
	json_put_text(head, "error", text_equal(mode, "failed") ? "bubblewrap is missing" : NULL);
	send_head(head);
	return serve(text_equal(mode, "stays"));
}

/* ---- the pool under test ---- */

struct told { enum pool_outcome outcome; int calls, order; int64_t pid; char error[200]; };

struct fixture {
	uv_loop_t loop;
	uv_timer_t guard, later;
	struct pool *pool;
	struct job_configure measure[4], compile;
	struct buffer log;
	char folder[32], self[4096];
	struct told jobs[JOBS_MAX];
	int told, ready, failed;
	int64_t ready_pid;
	char why[300], secret[64], home[200];
	bool late, closed, opening;
};

static void on_late(uv_timer_t *t)
{
	((struct fixture *)t->data)->late = true;
}

static void on_ready(void *context, const cJSON *head)
{
	struct fixture *f = context;

	f->ready++;
	f->ready_pid = json_i64_or(head, "pid", -1);
	snprintf(f->secret, sizeof f->secret, "%s", json_text_or(head, "secret", ""));
	snprintf(f->home, sizeof f->home, "%s", json_text_or(head, "home", ""));
}

static void on_failed(void *context, const char *why)
{
	struct fixture *f = context;

	assert_false(f->opening);
	f->failed++;
	snprintf(f->why, sizeof f->why, "%s", why);
}

static void on_log(void *context, const char *line)
{
	buffer_format(&((struct fixture *)context)->log, "%s\n", line);
}

static void on_closed(void *context)
{
	((struct fixture *)context)->closed = true;
}

static int set_up(void **state)
{
	struct fixture *f = memory_alloc(sizeof *f);
	ssize_t n = readlink("/proc/self/exe", f->self, sizeof f->self - 1);

	*state = f;
	buffer_init(&f->log, 1 << 20);
	snprintf(f->folder, sizeof f->folder, "/tmp/test_pool.XXXXXX");
	if (n < 0 || mkdtemp(f->folder) == NULL || uv_loop_init(&f->loop) != 0)
		return -1;
	uv_timer_init(&f->loop, &f->guard);
	uv_timer_init(&f->loop, &f->later);
	f->guard.data = f->later.data = f;
	uv_timer_start(&f->guard, on_late, GUARD_MS, 0);
	return 0;
}

/* launcher NULL: the worker's command alone. */
static void open_with(struct fixture *f, const char *launcher, const char *mode, int measure, int compile, int64_t silence_ns, int64_t start_ns)
{
	char *command = text_format("'%s' fake '%s'", f->self, mode);
	struct pool_options o = {
		.loop = &f->loop, .launcher = launcher != NULL ? launcher : "{worker}", .worker_command = command,
		.silence_ns = silence_ns, .start_ns = start_ns,
		.measure = f->measure, .measure_count = measure, .compile = &f->compile, .compile_count = compile,
		.ready = on_ready, .failed = on_failed, .log = on_log, .context = f,
	};

	f->opening = true;
	assert_int_equal(pool_open(&f->pool, &o, NULL), 0);
	f->opening = false;
	free(command);
}

static void open_pool(struct fixture *f, const char *mode, int measure, int compile)
{
	open_with(f, NULL, mode, measure, compile, 10 * SECOND_NS, 10 * SECOND_NS);
}

/* A launcher of several lines, which ends with "$@": the worker's command. */
static void open_script(struct fixture *f, const char *lines, int measure)
{
	char *path = text_format("%s/launch", f->folder);
	char *text = text_format("cd %s\n%s\n", f->folder, lines);
	char *launcher = text_format("sh %s {worker}", path);

	assert_int_equal(fdio_write_file(path, text, strlen(text), NULL), 0);
	open_with(f, launcher, "", measure, 0, 10 * SECOND_NS, 10 * SECOND_NS);
	free(launcher);
	free(text);
	free(path);
}

#define WAIT(f, condition) \
	do { \
		while (!(condition) && !(f)->late) \
			uv_run(&(f)->loop, UV_RUN_ONCE); \
		if (!(condition)) \
			fail_msg("never came: %s; the log: %s", #condition, (f)->log.bytes != NULL ? (f)->log.bytes : ""); \
	} while (0)

static void close_pool(struct fixture *f)
{
	pool_close(f->pool, on_closed, f);
	f->pool = NULL;
	WAIT(f, f->closed);
}

/* No handle, no process and no callback of the pool is left. */
static int tear_down(void **state)
{
	struct fixture *f = *state;
	char *command = text_format("rm -rf '%s'", f->folder);
	int rc;

	if (f->pool != NULL)
		close_pool(f);
	uv_close((uv_handle_t *)&f->guard, NULL);
	uv_close((uv_handle_t *)&f->later, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	rc = uv_loop_close(&f->loop);
	rc |= waitpid(-1, NULL, WNOHANG) != -1;
	rc |= system(command);
	free(command);
	buffer_release(&f->log);
	free(f);
	return rc;
}

static struct fixture *current;

static void on_done(void *context, enum pool_outcome outcome, const struct frame *frame, const char *error)
{
	struct told *t = context;

	t->calls++;
	t->order = current->told++;
	t->outcome = outcome;
	t->pid = frame != NULL ? json_i64_or(frame->head, "pid", -1) : -1;
	snprintf(t->error, sizeof t->error, "%s", error != NULL ? error : "");
	assert_int_equal(frame != NULL, outcome != POOL_LOST);
}

/* Job number i; what it is told goes to f->jobs[i]. */
static void submit(struct fixture *f, enum pool_slot slot, int i, const char *what)
{
	cJSON *head = new_head("job");
	struct buffer b;
	size_t size;

	current = f;
	json_put_i64(head, "id", i);
	json_put_text(head, "do", what);
	buffer_init(&b, 65536);
	assert_int_equal(frame_encode(&b, head, NULL, 0, NULL), 0);
	size = b.size;
	pool_submit(f->pool, slot, i, buffer_take(&b), size, on_done, &f->jobs[i]);
	cJSON_Delete(head);
}

static bool logged(const struct fixture *f, const char *text)
{
	return f->log.bytes != NULL && strstr(f->log.bytes, text) != NULL;
}

/* Is the process gone, at the latest in two seconds? A zombie that another process must reap counts as gone. */
static bool is_gone(int64_t pid)
{
	for (int i = 0; i < 200; i++) {
		char *path = text_format("/proc/%lld/stat", (long long)pid);
		char *stat = NULL;
		size_t size;
		bool gone = fdio_read_file(&stat, &size, path, 4096, NULL) < 0 || strstr(stat, ") Z ") != NULL;

		free(path);
		free(stat);
		if (gone)
			return true;
		usleep(10000);
	}
	return false;
}

/* ---- well-behaved workers ---- */

static void every_job_is_answered_once_and_a_goodbye_is_silent(void **state)
{
	struct fixture *f = *state;

	open_pool(f, "", 2, 1);
	for (int i = 0; i < 12; i++)
		submit(f, i % 3 == 0 ? POOL_COMPILE : POOL_MEASURE, i, "answer");
	WAIT(f, f->told == 12 && f->ready == 3);
	for (int i = 0; i < 12; i++) {
		assert_int_equal(f->jobs[i].calls, 1);
		assert_int_equal(f->jobs[i].outcome, POOL_DONE);
	}
	close_pool(f);
	assert_int_equal(f->ready, 3);
	assert_int_equal(f->told, 12);
	assert_null(f->log.bytes);
}

static void one_job_goes_to_each_idle_worker_before_a_second_to_any(void **state)
{
	struct fixture *f = *state;

	open_pool(f, "", 2, 0);
	WAIT(f, f->ready == 2);
	submit(f, POOL_MEASURE, 0, "sleep");
	assert_int_equal(pool_busy(f->pool, POOL_MEASURE), 1);
	submit(f, POOL_MEASURE, 1, "answer");
	assert_int_equal(pool_busy(f->pool, POOL_MEASURE), 2);
	WAIT(f, f->told == 1);
	assert_int_equal(f->jobs[1].calls, 1);
	assert_int_equal(pool_busy(f->pool, POOL_MEASURE), 1);
	assert_int_equal(pool_size(f->pool, POOL_MEASURE), 2);
}

static void two_jobs_are_in_flight_and_the_rest_waits(void **state)
{
	struct fixture *f = *state;

	open_pool(f, "", 1, 1);
	WAIT(f, f->ready == 2);
	for (int i = 0; i < 5; i++)
		submit(f, POOL_COMPILE, i, i == 0 ? "sleep" : "answer");
	assert_int_equal(pool_waiting(f->pool, POOL_COMPILE), 3);
	assert_int_equal(pool_waiting(f->pool, POOL_MEASURE), 0);
	assert_int_equal(pool_busy(f->pool, POOL_MEASURE), 0);
}

static void our_own_failure_is_an_error_and_no_reason_to_replace_the_worker(void **state)
{
	struct fixture *f = *state;

	open_pool(f, "", 1, 0);
	submit(f, POOL_MEASURE, 0, "fail");
	submit(f, POOL_MEASURE, 1, "answer");
	WAIT(f, f->told == 2);
	assert_int_equal(f->jobs[0].outcome, POOL_ERROR);
	assert_string_equal(f->jobs[0].error, "the disk of this worker is full");
	assert_int_equal(f->jobs[1].outcome, POOL_DONE);
	assert_int_equal(f->ready, 1);
}

static void a_beating_heart_keeps_a_long_job_alive(void **state)
{
	struct fixture *f = *state;

	open_with(f, NULL, "", 1, 0, SECOND_NS * 7 / 10, 10 * SECOND_NS);
	submit(f, POOL_MEASURE, 0, "beat");
	WAIT(f, f->told == 1);
	assert_int_equal(f->jobs[0].outcome, POOL_DONE);
	assert_int_equal(f->ready, 1);
}

static void keys_of_ours_are_not_in_a_workers_environment(void **state)
{
	struct fixture *f = *state;

	setenv("OPENAI_API_KEY", "sk-secret", 1);
	setenv("HOME", "/somewhere", 1);
	open_pool(f, "", 1, 0);
	WAIT(f, f->ready == 1);
	assert_string_equal(f->secret, "");
	assert_string_equal(f->home, "/somewhere");
	unsetenv("OPENAI_API_KEY");
}

static void a_launcher_may_change_folder_and_environment(void **state)
{
	struct fixture *f = *state;

	setenv("HOME", "/somewhere", 1);
	open_with(f, "env -i -C / {worker} # not {worker}", "", 1, 1, 10 * SECOND_NS, 10 * SECOND_NS);
	submit(f, POOL_COMPILE, 0, "answer");
	WAIT(f, f->told == 1 && f->ready == 2);
	assert_int_equal(f->jobs[0].outcome, POOL_DONE);
	assert_string_equal(f->home, "");
}

static void what_a_worker_prints_is_logged_by_lines_without_control_bytes(void **state)
{
	struct fixture *f = *state;

	open_pool(f, "", 1, 0);
	submit(f, POOL_MEASURE, 0, "talk");
	WAIT(f, logged(f, "one"));
	assert_true(logged(f, "worker 0: one? line\n"));
	assert_false(logged(f, "half"));
	submit(f, POOL_MEASURE, 1, "die");
	WAIT(f, logged(f, "ended"));
	assert_true(logged(f, "worker 0: and a half\n"));
}

/* ---- workers that end ---- */

static void a_worker_that_dies_is_replaced_and_its_job_lost(void **state)
{
	struct fixture *f = *state;
	int64_t first;

	open_pool(f, "", 1, 0);
	WAIT(f, f->ready == 1);
	first = f->ready_pid;
	submit(f, POOL_MEASURE, 0, "die");
	WAIT(f, f->told == 1);
	assert_int_equal(f->jobs[0].outcome, POOL_LOST);
	assert_true(logged(f, "killed by signal 9"));
	submit(f, POOL_MEASURE, 1, "answer");
	WAIT(f, f->told == 2);
	assert_int_equal(f->jobs[1].outcome, POOL_DONE);
	assert_int_not_equal(f->jobs[1].pid, first);
	assert_int_equal(f->failed, 0);
}

static void the_job_behind_a_lost_one_is_asked_elsewhere_and_told_once(void **state)
{
	struct fixture *f = *state;

	open_pool(f, "", 1, 0);
	WAIT(f, f->ready == 1);
	submit(f, POOL_MEASURE, 0, "die");
	submit(f, POOL_MEASURE, 1, "answer");
	submit(f, POOL_MEASURE, 2, "answer");
	assert_int_equal(pool_waiting(f->pool, POOL_MEASURE), 1);
	WAIT(f, f->told == 3);
	assert_int_equal(f->jobs[0].outcome, POOL_LOST);
	assert_int_equal(f->jobs[1].outcome, POOL_DONE);
	assert_true(f->jobs[1].order < f->jobs[2].order);
	for (int i = 0; i < 3; i++)
		assert_int_equal(f->jobs[i].calls, 1);
}

static void an_idle_worker_takes_the_job_behind_a_lost_one_at_once(void **state)
{
	struct fixture *f = *state;

	/* Nothing wakes the pool by chance: the fakes have no heart, and the replacement never becomes ready. */
	open_script(f, "echo x >> starts; test $(wc -l < starts) -gt 2 && exec sleep 600; exec \"$@\"", 2);
	WAIT(f, f->ready == 2);
	submit(f, POOL_MEASURE, 0, "die late");
	submit(f, POOL_MEASURE, 1, "answer");
	submit(f, POOL_MEASURE, 2, "answer");
	WAIT(f, f->told == 3);
	assert_int_equal(f->jobs[0].outcome, POOL_LOST);
	assert_int_equal(f->jobs[2].outcome, POOL_DONE);
	assert_int_equal(f->jobs[2].pid, f->jobs[1].pid);
}

static void a_result_that_was_written_before_the_end_counts(void **state)
{
	struct fixture *f = *state;

	open_pool(f, "", 1, 0);
	WAIT(f, f->ready == 1);
	submit(f, POOL_MEASURE, 0, "leave");
	submit(f, POOL_MEASURE, 1, "answer");
	WAIT(f, f->told == 2);
	assert_int_equal(f->jobs[0].outcome, POOL_DONE);
	assert_int_equal(f->jobs[1].outcome, POOL_LOST);
	assert_true(logged(f, "exit status 7 without a goodbye"));
}

static void a_silent_worker_is_killed_and_replaced(void **state)
{
	struct fixture *f = *state;
	int64_t first;

	open_with(f, NULL, "", 1, 0, SECOND_NS / 2, 10 * SECOND_NS);
	WAIT(f, f->ready == 1);
	first = f->ready_pid;
	submit(f, POOL_MEASURE, 0, "sleep");
	WAIT(f, f->told == 1);
	assert_int_equal(f->jobs[0].outcome, POOL_LOST);
	assert_true(logged(f, "fell silent"));
	assert_true(is_gone(first));
	WAIT(f, f->ready == 2);
}

static void on_later(uv_timer_t *t)
{
	(void)t;
	usleep(1500000);
}

static void a_stall_of_ours_is_not_a_workers_silence(void **state)
{
	struct fixture *f = *state;

	open_with(f, NULL, "", 1, 0, SECOND_NS * 7 / 10, 10 * SECOND_NS);
	submit(f, POOL_MEASURE, 0, "beat");
	uv_timer_start(&f->later, on_later, 100, 0);
	WAIT(f, f->told == 1);
	assert_int_equal(f->jobs[0].outcome, POOL_DONE);
	assert_int_equal(f->ready, 1);
}

static void assert_lost_over(struct fixture *f, const char *what, const char *why)
{
	open_pool(f, "", 1, 0);
	submit(f, POOL_MEASURE, 0, what);
	WAIT(f, f->told == 1);
	assert_int_equal(f->jobs[0].outcome, POOL_LOST);
	assert_true(logged(f, why));
	WAIT(f, f->ready == 2);
}

static void bytes_that_are_no_frame_end_a_worker(void **state)
{
	assert_lost_over(*state, "garbage", "wrong magic");
}

static void a_result_of_another_job_ends_a_worker(void **state)
{
	assert_lost_over(*state, "stranger", "a job that it was not given");
}

static void a_second_ready_ends_a_worker(void **state)
{
	assert_lost_over(*state, "ready", "twice that it is ready");
}

static void an_output_that_is_closed_ends_a_worker(void **state)
{
	assert_lost_over(*state, "shut", "its output ended");
}

static void what_a_launcher_left_in_its_group_is_killed(void **state)
{
	struct fixture *f = *state;
	char *path = text_format("%s/pid", f->folder);
	char *text = NULL;
	size_t size;

	open_script(f, "sleep 600 >&- 2>&- & echo $! > pid; exec \"$@\"", 1);
	WAIT(f, f->ready == 1);
	assert_int_equal(fdio_read_file(&text, &size, path, 100, NULL), 0);
	submit(f, POOL_MEASURE, 0, "die");
	WAIT(f, f->told == 1);
	assert_true(is_gone(strtoll(text, NULL, 10)));
	free(text);
	free(path);
}

/* ---- starts that fail ---- */

static void assert_fails(struct fixture *f, const char *mode, const char *why)
{
	open_with(f, NULL, mode, 1, 0, 10 * SECOND_NS, SECOND_NS / 4);
	submit(f, POOL_MEASURE, 0, "answer");
	WAIT(f, f->failed > 0);
	assert_non_null(strstr(f->why, why));
	close_pool(f);
	assert_int_equal(f->failed, 1);
	assert_int_equal(f->ready, 0);
	assert_int_equal(f->told, 0);
}

static int starts(const struct fixture *f)
{
	int n = 0;

	for (const char *at = f->log.bytes; at != NULL && (at = strstr(at, "ended:")) != NULL; at++)
		n++;
	return n;
}

static void three_deaths_before_ready_fail_for_good(void **state)
{
	assert_fails(*state, "dies", "exit status 9");
	assert_int_equal(starts(*state), 3);
}

static void a_worker_that_cannot_start_says_why(void **state)
{
	assert_fails(*state, "failed", "bubblewrap is missing");
}

static void another_version_of_the_protocol_is_refused(void **state)
{
	assert_fails(*state, "old", "another version");
}

static void a_worker_that_never_becomes_ready_fails(void **state)
{
	assert_fails(*state, "mute", "not ready in time");
}

static void a_crash_at_the_start_is_told_with_its_signal_and_last_words(void **state)
{
	struct fixture *f = *state;

	assert_fails(f, "last words", "killed by signal 6");
	assert_true(logged(f, "worker 0: no such plug-in\n"));
}

static void a_start_that_worked_clears_the_count_of_those_that_did_not(void **state)
{
	struct fixture *f = *state;
	/* Starts 1, 2, 4 and 5 fail, never three in a row. */
	open_script(f, "echo x >> starts; case $(wc -l < starts) in 1|2|4|5) exit 1;; esac; exec \"$@\"", 1);
	submit(f, POOL_MEASURE, 0, "die");
	submit(f, POOL_MEASURE, 1, "answer");
	WAIT(f, f->told == 2);
	assert_int_equal(f->jobs[1].outcome, POOL_DONE);
	assert_int_equal(f->failed, 0);
	assert_int_equal(f->ready, 2);
	assert_int_equal(starts(f), 5);
}

static void a_failure_is_told_from_the_loop_never_from_open(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	open_pool(f, "", 4, 0);           /* on_failed asserts that open has returned */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	WAIT(f, f->failed == 1);
	assert_non_null(strstr(f->why, "too many open files"));
}

/* ---- closing ---- */

static void a_worker_that_does_not_leave_is_killed_after_two_seconds(void **state)
{
	struct fixture *f = *state;
	int64_t began;

	open_pool(f, "stays", 1, 0);
	WAIT(f, f->ready == 1);
	began = clock_now_ns();
	close_pool(f);
	assert_true(clock_now_ns() - began > SECOND_NS * 19 / 10);
	assert_true(clock_now_ns() - began < 5 * SECOND_NS);
	assert_true(is_gone(f->ready_pid));
}

static void closing_drops_jobs_in_flight_and_in_the_queue_without_a_word(void **state)
{
	struct fixture *f = *state;

	open_pool(f, "", 1, 1);
	WAIT(f, f->ready == 2);
	for (int i = 0; i < 4; i++)
		submit(f, POOL_MEASURE, i, "sleep");
	submit(f, POOL_COMPILE, 4, "answer");
	close_pool(f);
	assert_int_equal(f->told, 0);
	assert_null(f->log.bytes);
}

static void closing_does_not_wait_for_workers_that_start(void **state)
{
	struct fixture *f = *state;
	int64_t began = clock_now_ns();

	open_pool(f, "mute", 2, 1);
	submit(f, POOL_MEASURE, 0, "answer");
	close_pool(f);
	assert_true(clock_now_ns() - began < SECOND_NS);
	assert_int_equal(f->told + f->failed + f->ready, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(every_job_is_answered_once_and_a_goodbye_is_silent),
		TEST(one_job_goes_to_each_idle_worker_before_a_second_to_any),
		TEST(two_jobs_are_in_flight_and_the_rest_waits),
		TEST(our_own_failure_is_an_error_and_no_reason_to_replace_the_worker),
		TEST(a_beating_heart_keeps_a_long_job_alive),
		TEST(keys_of_ours_are_not_in_a_workers_environment),
		TEST(a_launcher_may_change_folder_and_environment),
		TEST(what_a_worker_prints_is_logged_by_lines_without_control_bytes),
		TEST(a_worker_that_dies_is_replaced_and_its_job_lost),
		TEST(the_job_behind_a_lost_one_is_asked_elsewhere_and_told_once),
		TEST(an_idle_worker_takes_the_job_behind_a_lost_one_at_once),
		TEST(a_result_that_was_written_before_the_end_counts),
		TEST(a_silent_worker_is_killed_and_replaced),
		TEST(a_stall_of_ours_is_not_a_workers_silence),
		TEST(bytes_that_are_no_frame_end_a_worker),
		TEST(a_result_of_another_job_ends_a_worker),
		TEST(a_second_ready_ends_a_worker),
		TEST(an_output_that_is_closed_ends_a_worker),
		TEST(what_a_launcher_left_in_its_group_is_killed),
		TEST(three_deaths_before_ready_fail_for_good),
		TEST(a_worker_that_cannot_start_says_why),
		TEST(another_version_of_the_protocol_is_refused),
		TEST(a_worker_that_never_becomes_ready_fails),
		TEST(a_crash_at_the_start_is_told_with_its_signal_and_last_words),
		TEST(a_start_that_worked_clears_the_count_of_those_that_did_not),
		TEST(a_failure_is_told_from_the_loop_never_from_open),
		TEST(a_worker_that_does_not_leave_is_killed_after_two_seconds),
		TEST(closing_drops_jobs_in_flight_and_in_the_queue_without_a_word),
		TEST(closing_does_not_wait_for_workers_that_start),
	};

	if (argc == 3 && strcmp(argv[1], "fake") == 0)
		_exit(fake(argv[2]));     /* what it did not free is no leak of the pool */
	signal(SIGPIPE, SIG_IGN);         /* as the engine does: a worker that ends while it is written to is no reason to end */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
