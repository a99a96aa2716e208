#include "evaluators/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/frame.h"
#include "base/json.h"
#include "base/text.h"
#include "evaluators/job.h"
#include "evaluators/machine.h"
#include "evaluators/manifest.h"
#include "evaluators/rig.h"

enum { EXIT_CLEAN = 0, EXIT_BROKEN = 3 };

#define OUTPUT_MAX (FRAME_BYTES_MAX + 4096)

struct worker {
	int in, out;
	const struct worker_hooks *hooks;
	struct buffer input;
	pthread_mutex_t lock; /* of out: one frame at a time */
	pthread_t heart;
	pthread_mutex_t heart_lock; /* of ended, works and job_beats */
	pthread_cond_t heart_stop;
	bool ended, beats;
	bool works;        /* a job runs */
	int64_t job_beats; /* heartbeats that fell due since it began */
	struct job_configure configure;
	struct rig *rig;
};

/* ---- writing ---- */

/* A write that fails has no reader left to tell: the worker ends, and its boxes die with it. */
static void write_bytes(struct worker *w, const void *bytes, size_t size)
{
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = fdio_write_all(w->out, bytes, size, NULL);
	pthread_mutex_unlock(&w->lock);
	if (rc < 0)
		_exit(EXIT_BROKEN);
}

static void write_head(struct worker *w, cJSON *head)
{
	struct buffer frame;

	buffer_init(&frame, OUTPUT_MAX);
	if (frame_encode(&frame, head, NULL, 0, NULL) == 0)
		write_bytes(w, frame.bytes, frame.size);
	buffer_release(&frame);
	cJSON_Delete(head);
}

static cJSON *new_head(const char *type)
{
	cJSON *head = cJSON_CreateObject();

	json_put_text(head, "type", type);
	return head;
}

static void write_failed(struct worker *w, const struct err *e)
{
	cJSON *head = new_head("failed");

	json_put_text(head, "error", e->text);
	write_head(w, head);
}

/* The next beat, on the clock that condition variables wait on. */
static struct timespec next_beat(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += JOB_HEARTBEAT_NS / 1000000000;
	at.tv_nsec += JOB_HEARTBEAT_NS % 1000000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

/*
 * Whether the job that runs outlasted its limit: a plug-in or a library that never returns. Beats
 * are counted, not time, because a worker that was stopped with its whole session, or slept with
 * the machine, was not at work meanwhile. The first beat may fall due right behind the job's begin,
 * so it does not count. The wait for a lane does count; it ends long before the usual limit.
 */
static bool hangs(const struct worker *w)
{
	return w->works && w->configure.job_limit_ns > 0 &&
		(w->job_beats - 1) * JOB_HEARTBEAT_NS >= w->configure.job_limit_ns;
}

/* The thread that hangs cannot be stopped from here, so the process ends, and its boxes with it:
 * also on another machine, where whoever started it could not kill it. */
static void beat_once(struct worker *w)
{
	struct err e = { 0 };

	w->job_beats++;
	if (!hangs(w)) {
		write_head(w, new_head("alive"));
		return;
	}
	err_set(&e, ERR_TIMEOUT, "its job lasts longer than job_limit (%.0f s): the evaluator hangs",
		(double)w->configure.job_limit_ns / 1e9);
	write_failed(w, &e);
	_exit(EXIT_BROKEN);
}

static void *beat(void *context)
{
	struct worker *w = context;

	pthread_mutex_lock(&w->heart_lock);
	while (!w->ended) {
		struct timespec at = next_beat();

		if (pthread_cond_timedwait(&w->heart_stop, &w->heart_lock, &at) == ETIMEDOUT)
			beat_once(w);
	}
	pthread_mutex_unlock(&w->heart_lock);
	return NULL;
}

/* Before the rig pins this thread: the heart must not beat on the measuring core. */
static int start_heart(struct worker *w, struct err *e)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&w->heart, NULL, beat, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		errno = rc;
		return err_errno(e, ERR_IO, "heartbeat thread");
	}
	w->beats = true;
	return 0;
}

static void stop_heart(struct worker *w)
{
	if (!w->beats)
		return;
	pthread_mutex_lock(&w->heart_lock);
	w->ended = true;
	pthread_cond_signal(&w->heart_stop);
	pthread_mutex_unlock(&w->heart_lock);
	pthread_join(w->heart, NULL);
}

/* ---- jobs ---- */

/* Result bytes in out, or our own error, which becomes an error frame. */
typedef int job_fn(
	struct buffer *out, struct worker *w, int64_t id, const struct frame *f, struct err *e);

static int do_compile(
	struct buffer *out, struct worker *w, int64_t id, const struct frame *f, struct err *e)
{
	struct job_compile job;
	struct job_compile_result result = { 0 };
	int rc = job_compile_decode(&job, f, e);

	if (rc == 0)
		rc = rig_compile(&result, w->rig, &job, e);
	if (rc == 0)
		rc = job_compile_result_encode(out, id, &result, e);
	job_compile_result_release(&result);
	return rc;
}

static int do_evaluate(
	struct buffer *out, struct worker *w, int64_t id, const struct frame *f, struct err *e)
{
	struct job_evaluate job;
	struct job_evaluate_result result = { 0 };
	int rc = job_evaluate_decode(&job, f, e);

	if (rc == 0)
		rc = rig_evaluate(&result, w->rig, &job, e);
	if (rc == 0)
		rc = job_evaluate_result_encode(out, id, &result, e);
	job_evaluate_result_release(&result);
	return rc;
}

static int do_duel(
	struct buffer *out, struct worker *w, int64_t id, const struct frame *f, struct err *e)
{
	struct job_duel job;
	struct job_duel_result result = { 0 };
	int rc = job_duel_decode(&job, f, e);

	if (rc == 0)
		rc = rig_duel(&result, w->rig, &job, e);
	if (rc == 0)
		rc = job_duel_result_encode(out, id, &result, e);
	job_duel_result_release(&result);
	return rc;
}

static int do_tune(
	struct buffer *out, struct worker *w, int64_t id, const struct frame *f, struct err *e)
{
	struct job_tune job;
	struct job_tune_result result = { 0 };
	int rc = job_tune_decode(&job, f, e);

	if (rc == 0)
		rc = rig_tune(&result, w->rig, &job, e);
	if (rc == 0)
		rc = job_tune_result_encode(out, id, &result, e);
	job_tune_result_release(&result);
	return rc;
}

static job_fn *const job_table[] = {
	[JOB_COMPILE] = do_compile,
	[JOB_EVALUATE] = do_evaluate,
	[JOB_DUEL] = do_duel,
	[JOB_TUNE] = do_tune,
};

static job_fn *find_job(const char *kind)
{
	for (int i = JOB_COMPILE; i <= JOB_TUNE; i++) {
		if (text_equal(kind, job_kind_name((enum job_kind)i)))
			return job_table[i];
	}
	return NULL;
}

static void mark_job(struct worker *w, bool works)
{
	pthread_mutex_lock(&w->heart_lock);
	w->works = works;
	w->job_beats = 0;
	pthread_mutex_unlock(&w->heart_lock);
}

/* 0, or ERR_PROTOCOL when the frame is no job that could be answered. */
static int do_job(struct worker *w, const struct frame *f, struct err *e)
{
	job_fn *job = find_job(json_text_or(f->head, "kind", NULL));
	struct buffer out;
	struct err failure = { 0 };
	int64_t id;
	int rc = json_i64_at(&id, f->head, "id", e);

	if (rc < 0 || !w->rig)
		return err_set(
			e, ERR_PROTOCOL, rc < 0 ? "a job without an id" : "a job before configure");
	buffer_init(&out, OUTPUT_MAX);
	mark_job(w, true);
	rc = job ? job(&out, w, id, f, &failure)
		 : err_set(&failure, ERR_PROTOCOL, "a job of an unknown kind");
	if (rc < 0) {
		buffer_clear(&out);
		job_error_encode(&out, id, failure.text, NULL);
	}
	mark_job(w, false);
	write_bytes(w, out.bytes, out.size);
	buffer_release(&out);
	return 0;
}

/* ---- life ---- */

static void write_ready(struct worker *w)
{
	cJSON *head = new_head("ready");

	json_put_i64(head, "version", FRAME_VERSION);
	json_put_i64(head, "pid", getpid());
	json_put_text(head, "compiler", rig_compiler_version(w->rig));
	cJSON_AddItemToObject(head, "manifest", manifest_to_json(w->rig->evaluator));
	cJSON_AddItemToObject(head, "machine", machine_fingerprint(rig_compiler_version(w->rig)));
	write_head(w, head);
}

static int configure(struct worker *w, const struct frame *f, struct err *e)
{
	int rc = 0;

	if (w->rig)
		return err_set(e, ERR_PROTOCOL, "configured twice");
	rc = job_configure_decode(&w->configure, f->head, e);
	if (rc == 0)
		rc = rig_open(&w->rig, &w->configure, w->hooks, e);
	if (rc == 0)
		write_ready(w);
	return rc;
}

/* 0 go on, 1 the clean end, or an error that ends the worker. */
static int serve_frame(struct worker *w, const struct frame *f, struct err *e)
{
	const char *type = json_text_or(f->head, "type", "");

	if (text_equal(type, "job"))
		return do_job(w, f, e);
	if (text_equal(type, "configure"))
		return configure(w, f, e);
	if (text_equal(type, "bye")) {
		write_head(w, new_head("bye"));
		return 1;
	}
	return err_set(e, ERR_PROTOCOL, "a frame of unknown type '%.40s'", type);
}

/* 1 after bye, 0 at end of file, or an error. */
static int serve(struct worker *w, struct err *e)
{
	for (;;) {
		struct frame f = { 0 };
		int rc = frame_read(&f, w->in, &w->input, e);

		if (rc <= 0)
			return rc;
		rc = serve_frame(w, &f, e);
		frame_release(&f);
		if (rc != 0)
			return rc;
	}
}

/* Plug-ins and libraries may print; the protocol's descriptor is not 1 then, and their words go
 * where ours go. */
static int take_output(int out, struct err *e)
{
	int own = fcntl(out, F_DUPFD_CLOEXEC, 3);

	if (own < 0 || (out == STDOUT_FILENO && dup2(STDERR_FILENO, STDOUT_FILENO) < 0))
		return err_errno(e, ERR_IO, "protocol descriptor");
	return own;
}

/* The parent may be gone before the signal was asked for; a worker without a parent reads end of
 * file at once. */
static void die_with_parent(void)
{
	pid_t parent = getppid();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_BROKEN);
}

int worker_serve(int in, int out, const struct worker_hooks *hooks)
{
	struct worker w = { .in = in,
		.hooks = hooks,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.heart_lock = PTHREAD_MUTEX_INITIALIZER,
		.heart_stop = PTHREAD_COND_INITIALIZER };
	struct err e = { 0 };
	int rc;

	die_with_parent();
	signal(SIGPIPE, SIG_IGN);
	buffer_init(&w.input, OUTPUT_MAX);
	rc = w.out = take_output(out, &e);
	if (rc >= 0)
		rc = start_heart(&w, &e);
	if (rc >= 0)
		rc = serve(&w, &e);
	if (rc < 0 && w.out >= 0)
		write_failed(&w, &e);
	stop_heart(&w);
	rig_close(w.rig);
	job_configure_release(&w.configure);
	buffer_release(&w.input);
	if (w.out >= 0)
		close(w.out);
	return rc == 1 ? EXIT_CLEAN : EXIT_BROKEN;
}
