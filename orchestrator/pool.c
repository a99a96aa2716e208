#include "orchestrator/pool.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/job.h"

#define POOL_IN_FLIGHT 2            /* one runs, one waits in its pipe: no idle round trip over slow launchers */
#define POOL_STARTS_MAX 3           /* failed starts in a row before the pool gives up */
#define POOL_CHECK_MS 250
#define POOL_BYE_MS 2000
#define POOL_LAST_WORDS_MS 200      /* from the end of a worker's output to its exit status */
#define POOL_STALL_MS 1000          /* a check that is so late means that this process did not run, not that the workers were silent */
#define POOL_LOG_LINE_MAX 2000

struct pool_job {
	int64_t id;
	char *bytes;                /* owned */
	size_t size;
	pool_done_fn *done;
	void *context;
	struct pool_job *next;
};

struct pool_list { struct pool_job *first, *last; int count; };

enum pool_state { POOL_STARTING, POOL_READY, POOL_LEAVING, POOL_GONE };

struct pool_worker {
	struct pool *pool;          /* borrowed */
	enum pool_slot slot;
	int index;                  /* of the slot's configure record */
	enum pool_state state;
	uv_process_t process;
	uv_pipe_t in, out, err;     /* as the child names them */
	int open_handles;           /* the record is freed or reused at 0 */
	bool exited, bye;
	int64_t heard_ns, started_ns;
	int64_t ended_ns;           /* when its output ended, 0: not yet */
	struct buffer received, line;
	struct pool_list jobs;      /* in flight, the first is the one that runs */
	char *read_bytes;           /* owned; libuv reads into it */
};

struct pool {
	struct pool_options o;
	char *launcher, *command;   /* owned */
	struct pool_worker **workers[2]; /* by slot, then index; NULL while there is none */
	int sizes[2];
	struct pool_list queue[2];
	int failed_starts;
	char failed_why[256];       /* told from the loop, since the first starts are made in pool_open */
	uv_timer_t timer;
	int64_t checked_ns;
	bool closing, failed, failed_told, timer_closed;
	int alive;                  /* worker records that exist */
	int64_t closing_since_ns;
	void (*closed)(void *);
	void *closed_context;
};

static void worker_start(struct pool *p, enum pool_slot slot, int index);
static void pool_feed(struct pool *p);

/* ---- job lists ---- */

static void list_push(struct pool_list *l, struct pool_job *j)
{
	j->next = NULL;
	if (l->last != NULL)
		l->last->next = j;
	else
		l->first = j;
	l->last = j;
	l->count++;
}

static void list_unshift(struct pool_list *l, struct pool_job *j)
{
	j->next = l->first;
	l->first = j;
	if (l->last == NULL)
		l->last = j;
	l->count++;
}

static struct pool_job *list_shift(struct pool_list *l)
{
	struct pool_job *j = l->first;

	if (j == NULL)
		return NULL;
	l->first = j->next;
	if (l->first == NULL)
		l->last = NULL;
	l->count--;
	j->next = NULL;
	return j;
}

static void job_free(struct pool_job *j)
{
	if (j == NULL)
		return;
	free(j->bytes);
	free(j);
}

/* ---- what people read ---- */

static void say(struct pool *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct pool *p, const char *format, ...)
{
	char text[POOL_LOG_LINE_MAX + 64];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (p->o.log != NULL)
		p->o.log(p->o.context, text);
}

static void log_line(struct pool_worker *w, const char *bytes, size_t size)
{
	char *clean;

	if (size == 0)
		return;
	clean = text_printable(bytes, size, POOL_LOG_LINE_MAX);
	say(w->pool, "worker %d: %s", w->index, clean);
	free(clean);
}

/* ---- a worker's end ---- */

static void pool_finish_closing(struct pool *p)
{
	if (!p->closing || p->alive > 0 || !p->timer_closed)
		return;
	void (*closed)(void *) = p->closed;
	void *context = p->closed_context;

	for (int s = 0; s < 2; s++) {
		struct pool_job *j;

		while ((j = list_shift(&p->queue[s])) != NULL)
			job_free(j);
		free(p->workers[s]);
	}
	free(p->launcher);
	free(p->command);
	free(p);
	if (closed != NULL)
		closed(context);
}

/* The first job in flight ran when the worker died; one behind it had not begun and goes back to the queue's front. */
static void worker_lose_jobs(struct pool_worker *w)
{
	struct pool *p = w->pool;
	struct pool_job *running = list_shift(&w->jobs);
	struct pool_job *waiting = list_shift(&w->jobs);

	if (waiting != NULL)
		list_unshift(&p->queue[w->slot], waiting);
	if (running == NULL)
		return;
	if (!p->closing)
		running->done(running->context, POOL_LOST, NULL, "the worker died or fell silent");
	job_free(running);
}

static void worker_free(struct pool_worker *w)
{
	struct pool *p = w->pool;
	enum pool_slot slot = w->slot;
	int index = w->index;

	buffer_release(&w->received);
	buffer_release(&w->line);
	free(w->read_bytes);
	free(w);
	p->workers[slot][index] = NULL;
	p->alive--;
	if (p->closing) {
		pool_finish_closing(p);
		return;
	}
	if (!p->failed)
		worker_start(p, slot, index);
}

static void on_handle_closed(uv_handle_t *h)
{
	struct pool_worker *w = h->data;

	if (--w->open_handles == 0)
		worker_free(w);
}

static void close_handle(uv_handle_t *h)
{
	if (!uv_is_closing(h))
		uv_close(h, on_handle_closed);
}

/* Kill the whole group: the launcher and what it started here. */
static void worker_kill(struct pool_worker *w)
{
	if (!w->exited && w->process.pid > 0) {
		kill(-w->process.pid, SIGKILL);
		uv_process_kill(&w->process, SIGKILL);
	}
}

static void worker_gone(struct pool_worker *w, const char *why)
{
	struct pool *p = w->pool;
	bool was_starting = w->state == POOL_STARTING;

	if (w->state == POOL_GONE)
		return;
	w->state = POOL_GONE;
	worker_kill(w);
	log_line(w, w->line.bytes, w->line.size);     /* last words without a newline */
	if (!p->closing)
		say(p, "worker %d (%s) ended: %s", w->index, w->slot == POOL_MEASURE ? "measuring" : "compiling", why);
	if (was_starting && !p->closing && ++p->failed_starts >= POOL_STARTS_MAX && !p->failed) {
		p->failed = true;
		snprintf(p->failed_why, sizeof p->failed_why, "%s", why);
	}
	worker_lose_jobs(w);
	pool_feed(p);                                 /* the job behind the lost one may find an idle worker */
	close_handle((uv_handle_t *)&w->in);
	close_handle((uv_handle_t *)&w->out);
	close_handle((uv_handle_t *)&w->err);
	if (w->exited)
		close_handle((uv_handle_t *)&w->process);
	/* else: on_child_exit closes the process handle, so that the child is always reaped */
}

static void on_child_exit(uv_process_t *process, int64_t status, int signal)
{
	struct pool_worker *w = process->data;
	char why[128];

	/* What a launcher left in its group goes with it; the number is not free while one of them lives. */
	kill(-process->pid, SIGKILL);
	w->exited = true;
	if (signal != 0)
		snprintf(why, sizeof why, "killed by signal %d", signal);
	else
		snprintf(why, sizeof why, "exit status %lld without a goodbye", (long long)status);
	if (w->state == POOL_GONE)
		close_handle((uv_handle_t *)&w->process);
	else
		worker_gone(w, w->bye ? "goodbye" : why);
}

/* ---- reading ---- */

static void on_result(struct pool_worker *w, const struct frame *f)
{
	struct pool_job *j = w->jobs.first;
	const char *error = json_text_or(f->head, "error", NULL);
	int64_t id = json_i64_or(f->head, "id", -1);

	if (j == NULL || j->id != id) {
		worker_gone(w, "a result for a job that it was not given");
		return;
	}
	list_shift(&w->jobs);
	j->done(j->context, error != NULL ? POOL_ERROR : POOL_DONE, f, error);
	job_free(j);
}

static void on_ready(struct pool_worker *w, const struct frame *f)
{
	struct pool *p = w->pool;

	if (w->state != POOL_STARTING) {
		worker_gone(w, "it says twice that it is ready");
		return;
	}
	if (json_i64_or(f->head, "version", -1) != FRAME_VERSION) {
		worker_gone(w, "it speaks another version of the protocol; install the same clade everywhere");
		return;
	}
	w->state = POOL_READY;
	p->failed_starts = 0;
	if (p->o.ready != NULL)
		p->o.ready(p->o.context, f->head);
}

static void on_frame(struct pool_worker *w, const struct frame *f)
{
	const char *type = json_text_or(f->head, "type", "");

	if (text_equal(type, "alive"))
		return;
	if (text_equal(type, "ready"))
		on_ready(w, f);
	else if (text_equal(type, "failed"))
		worker_gone(w, json_text_or(f->head, "error", "it could not start"));
	else if (text_equal(type, "result"))
		on_result(w, f);
	else if (text_equal(type, "bye"))
		w->bye = true;
	else
		worker_gone(w, "an unknown message");
}

static void give_room(uv_handle_t *h, size_t hint, uv_buf_t *out)
{
	struct pool_worker *w = h->data;

	(void)hint;
	*out = uv_buf_init(w->read_bytes, 65536);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct pool_worker *w = stream->data;
	struct pool *p = w->pool;
	struct err e = { 0 };
	int rc;

	if (n < 0) {
		w->ended_ns = clock_now_ns();     /* its exit status is about to tell why; worker_check waits no longer than that */
		return;
	}
	w->heard_ns = clock_now_ns();
	if (buffer_add(&w->received, b->base, (size_t)n) < 0) {
		worker_gone(w, "a message over the size limit");
		return;
	}
	for (;;) {
		struct frame f = { 0 };

		rc = frame_decode(&f, &w->received, &e);
		if (rc != 1)
			break;
		on_frame(w, &f);
		frame_release(&f);
		if (w->state == POOL_GONE)
			return;
	}
	if (rc < 0)
		worker_gone(w, e.text);
	else
		pool_feed(p);
}

static void give_line_room(uv_handle_t *h, size_t hint, uv_buf_t *out)
{
	(void)h;
	(void)hint;
	*out = uv_buf_init(memory_alloc(4096), 4096);
}

static void on_stderr(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct pool_worker *w = stream->data;
	char *end;

	if (n > 0 && buffer_add(&w->line, b->base, (size_t)n) < 0)
		buffer_clear(&w->line);
	free(b->base);
	while (w->line.size > 0 && (end = memchr(w->line.bytes, '\n', w->line.size)) != NULL) {
		size_t size = (size_t)(end - w->line.bytes);

		log_line(w, w->line.bytes, size);
		buffer_drop_front(&w->line, size + 1);
	}
}

/* ---- writing ---- */

struct pool_write { uv_write_t request; char *bytes; };

static void on_written(uv_write_t *request, int status)
{
	struct pool_write *write = request->data;

	(void)status;                /* a broken pipe shows as the worker's end */
	free(write->bytes);
	free(write);
}

/* Takes bytes over. */
static void worker_send(struct pool_worker *w, char *bytes, size_t size)
{
	struct pool_write *write = memory_alloc(sizeof *write);
	uv_buf_t b = uv_buf_init(bytes, (unsigned)size);

	write->bytes = bytes;
	write->request.data = write;
	if (uv_write(&write->request, (uv_stream_t *)&w->in, &b, 1, on_written) != 0) {
		free(bytes);
		free(write);
	}
}

static void worker_give(struct pool_worker *w, struct pool_job *j)
{
	list_push(&w->jobs, j);
	worker_send(w, memory_copy(j->bytes, j->size), j->size);
}

/* One job to every idle worker first, then a second one to each. */
static void slot_feed(struct pool *p, enum pool_slot slot)
{
	for (int load = 0; load < POOL_IN_FLIGHT; load++)
		for (int i = 0; i < p->sizes[slot] && p->queue[slot].first != NULL; i++) {
			struct pool_worker *w = p->workers[slot][i];

			if (w != NULL && w->state == POOL_READY && w->ended_ns == 0 && w->jobs.count <= load)
				worker_give(w, list_shift(&p->queue[slot]));
		}
}

static void pool_feed(struct pool *p)
{
	if (p->closing)
		return;
	slot_feed(p, POOL_MEASURE);
	slot_feed(p, POOL_COMPILE);
}

/* ---- starting ---- */

/* What a worker or its launcher needs and nothing more: keys stay with us. */
static const char *const passed_names[] = {
	"PATH", "HOME", "LANG", "LC_ALL", "USER", "LOGNAME", "TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
	"DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "SLURM_CONF", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", NULL,
};

static char **environment_new(void)
{
	size_t count = sizeof passed_names / sizeof *passed_names;
	char **env = memory_array(count, sizeof *env);
	int n = 0;

	for (int i = 0; passed_names[i] != NULL; i++) {
		const char *value = getenv(passed_names[i]);

		if (value != NULL)
			env[n++] = text_format("%s=%s", passed_names[i], value);
	}
	return env;
}

static void environment_free(char **env)
{
	for (int i = 0; env[i] != NULL; i++)
		free(env[i]);
	free(env);
}

/* The template with every {worker} replaced. One command, which takes the shell's place: the child that we watch is the launcher itself. */
static char *launch_line(const char *template, const char *command)
{
	struct buffer b;
	const char *at = template;
	const char *hit;

	buffer_init(&b, 65536);
	buffer_add_text(&b, "exec ");
	while ((hit = strstr(at, "{worker}")) != NULL) {
		buffer_add(&b, at, (size_t)(hit - at));
		buffer_add_text(&b, command);
		at = hit + strlen("{worker}");
	}
	buffer_add_text(&b, at);
	return buffer_take(&b);
}

static int worker_spawn(struct pool_worker *w)
{
	struct pool *p = w->pool;
	char *line = launch_line(p->launcher, p->command);
	char *args[] = { "/bin/sh", "-c", line, NULL };
	char **env = environment_new();
	uv_stdio_container_t stdio[3] = {
		{ .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&w->in },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&w->out },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&w->err },
	};
	uv_process_options_t o = {
		.file = args[0], .args = args, .env = env, .exit_cb = on_child_exit, .stdio = stdio, .stdio_count = 3,
		.flags = UV_PROCESS_DETACHED,   /* a session of its own: Ctrl-C is for us, and the group can be killed */
	};
	int rc = uv_spawn(p->o.loop, &w->process, &o);

	environment_free(env);
	free(line);
	return rc;
}

static int worker_configure(struct pool_worker *w, struct err *e)
{
	const struct job_configure *c = w->slot == POOL_MEASURE ? &w->pool->o.measure[w->index] : w->pool->o.compile;
	struct buffer b;
	int rc;

	buffer_init(&b, FRAME_BYTES_MAX);
	rc = job_configure_encode(&b, c, e);
	if (rc == 0) {
		size_t size = b.size;

		worker_send(w, buffer_take(&b), size);
	}
	buffer_release(&b);
	return rc;
}

static void worker_start(struct pool *p, enum pool_slot slot, int index)
{
	struct pool_worker *w = memory_alloc(sizeof *w);
	uv_handle_t *pipes[] = { (uv_handle_t *)&w->in, (uv_handle_t *)&w->out, (uv_handle_t *)&w->err };
	struct err e = { 0 };
	int rc;

	w->pool = p;
	w->slot = slot;
	w->index = index;
	w->read_bytes = memory_alloc(65536);
	buffer_init(&w->received, FRAME_BYTES_MAX + 65536);
	buffer_init(&w->line, 65536);
	uv_pipe_init(p->o.loop, &w->in, 0);
	uv_pipe_init(p->o.loop, &w->out, 0);
	uv_pipe_init(p->o.loop, &w->err, 0);
	for (int i = 0; i < 3; i++)
		pipes[i]->data = w;
	w->process.data = w;
	w->open_handles = 4;
	w->started_ns = w->heard_ns = clock_now_ns();
	p->workers[slot][index] = w;
	p->alive++;
	rc = worker_spawn(w);
	if (rc != 0) {
		w->exited = true;
		worker_gone(w, uv_strerror(rc));
		return;
	}
	uv_read_start((uv_stream_t *)&w->out, give_room, on_read);
	uv_read_start((uv_stream_t *)&w->err, give_line_room, on_stderr);
	if (worker_configure(w, &e) < 0)
		worker_gone(w, e.text);
}

/* ---- the watch ---- */

static void worker_check(struct pool_worker *w, int64_t now)
{
	struct pool *p = w->pool;

	if (w->state == POOL_STARTING && now - w->started_ns > p->o.start_ns)
		worker_gone(w, "it was not ready in time");
	else if (w->state == POOL_READY && now - w->heard_ns > p->o.silence_ns)
		worker_gone(w, "it fell silent");
	else if (w->ended_ns != 0 && !w->bye && now - w->ended_ns > POOL_LAST_WORDS_MS * 1000000LL)
		worker_gone(w, "its output ended");
	else if (p->closing && now - p->closing_since_ns > POOL_BYE_MS * 1000000LL)
		worker_gone(w, "it did not leave");
}

static void on_timer_closed(uv_handle_t *h)
{
	struct pool *p = h->data;

	p->timer_closed = true;
	pool_finish_closing(p);
}

/* Timers come before input in the loop: after a stop (Ctrl-Z, a full disk's wait) what workers said meanwhile is not yet read. */
static void forgive_stall(struct pool *p, int64_t now)
{
	int64_t late = now - p->checked_ns;

	p->checked_ns = now;
	if (late < POOL_STALL_MS * 1000000LL)
		return;
	for (int s = 0; s < 2; s++)
		for (int i = 0; i < p->sizes[s]; i++)
			if (p->workers[s][i] != NULL) {
				p->workers[s][i]->heard_ns += late;
				p->workers[s][i]->started_ns += late;
			}
}

static void tell_failure(struct pool *p)
{
	if (!p->failed || p->failed_told)
		return;
	p->failed_told = true;
	if (p->o.failed != NULL && !p->closing)
		p->o.failed(p->o.context, p->failed_why);
}

static void on_check(uv_timer_t *t)
{
	struct pool *p = t->data;
	int64_t now = clock_now_ns();

	forgive_stall(p, now);
	for (int s = 0; s < 2; s++)
		for (int i = 0; i < p->sizes[s]; i++)
			if (p->workers[s][i] != NULL)
				worker_check(p->workers[s][i], now);
	tell_failure(p);
	if (p->closing && p->alive == 0 && !uv_is_closing((uv_handle_t *)t))
		uv_close((uv_handle_t *)t, on_timer_closed);
}

/* ---- the interface ---- */

int pool_open(struct pool **out, const struct pool_options *o, struct err *e)
{
	struct pool *p = memory_alloc(sizeof *p);

	p->o = *o;
	p->launcher = text_copy(o->launcher);
	p->command = text_copy(o->worker_command);
	p->sizes[POOL_MEASURE] = o->measure_count;
	p->sizes[POOL_COMPILE] = o->compile_count;
	for (int s = 0; s < 2; s++)
		p->workers[s] = memory_array((size_t)p->sizes[s] + 1, sizeof *p->workers[s]);
	p->timer.data = p;
	p->checked_ns = clock_now_ns();
	if (uv_timer_init(o->loop, &p->timer) != 0 || uv_timer_start(&p->timer, on_check, POOL_CHECK_MS, POOL_CHECK_MS) != 0) {
		free(p->workers[0]);
		free(p->workers[1]);
		free(p->launcher);
		free(p->command);
		free(p);
		return err_set(e, ERR_IO, "no timer for the workers");
	}
	for (int s = 0; s < 2; s++)
		for (int i = 0; i < p->sizes[s]; i++)
			worker_start(p, (enum pool_slot)s, i);
	*out = p;
	return 0;
}

void pool_submit(struct pool *p, enum pool_slot slot, int64_t id, char *frame_bytes, size_t size, pool_done_fn *done, void *context)
{
	struct pool_job *j = memory_alloc(sizeof *j);

	j->id = id;
	j->bytes = frame_bytes;
	j->size = size;
	j->done = done;
	j->context = context;
	list_push(&p->queue[slot], j);
	pool_feed(p);
}

void pool_recall(struct pool *p)
{
	for (int s = 0; s < 2; s++) {
		struct pool_list recalled = p->queue[s];
		struct pool_job *j;

		p->queue[s] = (struct pool_list){ 0 };   /* a callback may submit again */
		while ((j = list_shift(&recalled)) != NULL) {
			j->done(j->context, POOL_RECALLED, NULL, NULL);
			job_free(j);
		}
	}
}

int pool_waiting(const struct pool *p, enum pool_slot slot)
{
	return p->queue[slot].count;
}

int pool_busy(const struct pool *p, enum pool_slot slot)
{
	int busy = 0;

	for (int i = 0; i < p->sizes[slot]; i++)
		busy += p->workers[slot][i] != NULL && p->workers[slot][i]->jobs.count > 0;
	return busy;
}

int pool_size(const struct pool *p, enum pool_slot slot)
{
	return p->sizes[slot];
}

static void worker_farewell(struct pool_worker *w)
{
	cJSON *head = cJSON_CreateObject();
	struct buffer b;

	json_put_text(head, "type", "bye");
	buffer_init(&b, 4096);
	if (frame_encode(&b, head, NULL, 0, NULL) == 0) {
		size_t size = b.size;

		worker_send(w, buffer_take(&b), size);
	}
	buffer_release(&b);
	cJSON_Delete(head);
	w->state = POOL_LEAVING;
}

void pool_close(struct pool *p, void (*closed)(void *context), void *context)
{
	p->closing = true;
	p->closing_since_ns = clock_now_ns();
	p->closed = closed;
	p->closed_context = context;
	for (int s = 0; s < 2; s++)
		for (int i = 0; i < p->sizes[s]; i++) {
			struct pool_worker *w = p->workers[s][i];

			if (w != NULL && w->state == POOL_READY && w->jobs.count == 0)
				worker_farewell(w);
			else if (w != NULL && w->state != POOL_GONE)
				worker_gone(w, "the campaign ends");
		}
	uv_timer_start(&p->timer, on_check, 20, 20);
}
