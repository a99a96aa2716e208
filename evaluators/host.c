#include "evaluators/host.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#define LINE 64u /* blocks start at a misalignment from a cache line */
#define PAGE 4096u
/*
 * An honest child is asleep between crossings; going to sleep costs it a few us after the driver
 * has its answer (measuring note, invariant iv). More than this is work that it did while nobody
 * watched.
 */
#define AWAKE_NS 20000
/*
 * The next inputs are made in private memory and published in one piece, after the child went to
 * sleep: a child that answered and stayed awake would see them before the clock starts. CPU time
 * that it burns while they are published is such a look; a sleeping child burns none. A child that
 * sleeps by short timeouts, to be awake at the right moment, shows as awake between crossings.
 */
/*
 * A child that burns more than this on its way to sleep works: no interrupt is that long. Once it
 * may be a pause of the whole machine that its account was charged with, so several such crossings
 * end the run, before their waiting costs minutes.
 */
#define LATE_NS 10000000LL
#define LATE_MOST_NS 100000000LL
/* Queued in its futex, a child may still be on its way out of the core: that costs a us or so
 * (measuring note 2.8: the alarm is above 2 us). */
#define PEEK_NS 2000

struct host {
	struct clade_host table; /* first: plug-ins hand its address back */
	char *problem_dir;       /* owned */
	char *const (*parameters)[2];
};

/* Where one call's blocks stand. */
struct block {
	size_t arguments, results; /* offsets into the regions; arguments behind the prefix */
	size_t argument_bytes, result_bytes;
};

struct clade_batch {
	struct clade_run *run;
	int count, max;
	size_t arguments_used, results_used; /* from the front of the regions */
	size_t arguments_end, results_end;   /* what AT_END blocks have left */
	bool at_end, crossed;
	struct block blocks[RUN_CALLS_MAX];
	struct run_call calls[RUN_CALLS_MAX];
};

struct clade_run {
	struct run_child *child;
	uint8_t *arguments; /* owned: blocks as they are made */
	uint8_t *results;   /* owned: before the crossing as they are made, then what the candidate
			       had written when it acknowledged */
	size_t arguments_bytes, results_bytes;
	clockid_t cpu_clock; /* the candidate's */
	bool has_cpu_clock;
	enum run_channel channel;
	size_t copied;
	int64_t call_limit_ns, budget_ns, spent_ns, cpu_ns, wall_ns, work_ns;
	bool prefixed;
	double constants[HOST_PREFIX_BYTES / sizeof(double)];
	struct random poison;
	uint8_t canary[LINE];
	struct clade_random stream;
	struct clade_batch batch;
	struct host_audit audit;
	int64_t rest_ns; /* how long the last wait for its sleep took, where has_cpu_clock is false */
	int64_t late_ns; /* of audit.idle_ns, what crossings with more than LATE_NS brought */
	int late;
	bool stopped;
	enum verdict verdict;
	char reason[HOST_REASON_MAX];    /* what the host says about the end */
	char explained[HOST_REASON_MAX]; /* what the evaluator said last */
	struct err failure;              /* our own */
};

/* ---- the table ---- */

static const char *parameter(const struct clade_host *table, const char *name)
{
	const struct host *h = (const struct host *)table;

	for (int i = 0; h->parameters && h->parameters[i][0]; i++) {
		if (text_equal(h->parameters[i][0], name))
			return h->parameters[i][1];
	}
	return NULL;
}

static uint64_t draw_u64(struct clade_random *r)
{
	return random_u64(&r->stream);
}

static uint64_t draw_below(struct clade_random *r, uint64_t bound)
{
	return random_below(&r->stream, bound);
}

static double draw_unit(struct clade_random *r)
{
	return random_unit(&r->stream);
}

static double draw_normal(struct clade_random *r)
{
	return random_normal(&r->stream);
}

static int calls(const struct clade_batch *b)
{
	return b->count;
}

static const void *arguments(const struct clade_batch *b, int call)
{
	return call >= 0 && call < b->count ? b->run->arguments + b->blocks[call].arguments : NULL;
}

static const void *results(const struct clade_batch *b, int call)
{
	return call >= 0 && call < b->count ? b->run->results + b->blocks[call].results : NULL;
}

static struct clade_batch *begin(struct clade_run *run)
{
	return host_batch(run, RUN_CALLS_MAX);
}

static struct clade_random *stream_of(struct clade_run *run)
{
	return &run->stream;
}

static void explain(struct clade_run *run, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(run->explained, sizeof(run->explained), format, list);
	va_end(list);
}

/* ---- filling a batch ---- */

/* Unpredictable in the sense that counts: no candidate of an earlier crossing could know it.
 * splitmix64 from a ChaCha word, a word at a time. */
static void poison(struct clade_run *run, uint8_t *at, size_t size)
{
	uint64_t state = random_u64(&run->poison);

	for (; size > 0; size -= size < 8 ? size : 8, at += 8) {
		uint64_t z = state += 0x9e3779b97f4a7c15u;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		z = (z ^ z >> 27) * 0x94d049bb133111ebu;
		z ^= z >> 31;
		memcpy(at, &z, size < 8 ? size : 8);
	}
}

/* Between the front blocks and a block at the end lie up to 256 MB; a stray write is looked for in
 * this much of it. */
static size_t canary_start(size_t from, size_t to)
{
	return to - from > PAGE ? to - PAGE : from;
}

static void write_canary(struct clade_run *run, size_t from, size_t to)
{
	for (size_t i = canary_start(from, to); i < to; i++)
		run->results[i] = run->canary[i % LINE];
}

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* Whether the bytes fit; then where the blocks start. A front block starts at its misalignment from
 * a line, an end block ends with the region. */
static bool place(struct block *out, const struct clade_batch *b, size_t argument_bytes,
	size_t result_bytes, unsigned misalign, bool at_end)
{
	size_t prefix = b->run->prefixed ? HOST_PREFIX_BYTES : 0;
	size_t arguments_at = round_up(b->arguments_used, LINE) + misalign % LINE;
	size_t results_at = round_up(b->results_used, LINE) + misalign % LINE;

	if (argument_bytes > b->arguments_end ||
		prefix + arguments_at > b->arguments_end - argument_bytes ||
		result_bytes > b->results_end || results_at > b->results_end - result_bytes)
		return false;
	*out = (struct block){ arguments_at + prefix, results_at, argument_bytes, result_bytes };
	if (at_end) {
		out->arguments = b->arguments_end - argument_bytes;
		out->results = b->results_end - result_bytes;
	}
	return true;
}

static int add(struct clade_batch *b, size_t argument_bytes, size_t result_bytes, unsigned misalign,
	unsigned flags, void **arguments_out, void **results_out)
{
	struct clade_run *run = b->run;
	bool at_end = flags & CLADE_AT_END;
	struct block block;

	if (b->count >= b->max || b->at_end ||
		!place(&block, b, argument_bytes, result_bytes, misalign, at_end))
		return -1;
	memset(run->arguments + block.arguments, 0, argument_bytes);
	if (run->prefixed)
		memcpy(run->arguments + block.arguments - HOST_PREFIX_BYTES, run->constants,
			HOST_PREFIX_BYTES);
	write_canary(run, b->results_used, block.results);
	poison(run, run->results + block.results, result_bytes);
	b->blocks[b->count] = block;
	b->calls[b->count] =
		(struct run_call){ block.arguments - (run->prefixed ? HOST_PREFIX_BYTES : 0),
			block.results };
	b->count++;
	b->at_end = at_end;
	b->arguments_used = block.arguments + argument_bytes;
	b->results_used = block.results + result_bytes;
	if (arguments_out)
		*arguments_out = run->arguments + block.arguments;
	if (results_out)
		*results_out = run->results + block.results;
	return 0;
}

struct clade_batch *host_batch(struct clade_run *run, int calls_max)
{
	struct clade_batch *b = &run->batch;

	b->run = run;
	b->count = 0;
	b->max = calls_max < RUN_CALLS_MAX ? calls_max : RUN_CALLS_MAX;
	b->arguments_used = b->results_used = 0;
	b->arguments_end = run->arguments_bytes;
	b->results_end = run->results_bytes;
	b->at_end = b->crossed = false;
	random_bytes(&run->poison, run->canary, sizeof(run->canary));
	return b;
}

/* ---- the crossing ---- */

static int stop(struct clade_run *run, enum verdict verdict, const char *reason)
{
	run->stopped = true;
	run->verdict = verdict;
	snprintf(run->reason, sizeof(run->reason), "%s", reason);
	return CLADE_STOPPED;
}

static int stop_by_outcome(struct clade_run *run, enum sandbox_outcome outcome)
{
	switch (outcome) {
	case SANDBOX_TIMEOUT:
		return stop(run, VERDICT_TIMEOUT, "it did not answer a crossing in its time");
	case SANDBOX_CRASH:
		return stop(run, VERDICT_CRASH,
			"it died before it answered: a bad memory access, a trap or an exit");
	case SANDBOX_LIMIT:
		return stop(run, VERDICT_LIMIT, "it went over a limit of the box");
	case SANDBOX_FORBIDDEN:
		return stop(run, VERDICT_FORBIDDEN, "it made a system call");
	case SANDBOX_CHEAT:
		return stop(run, VERDICT_CHEAT,
			"it goes on working after its answer, or wrote into the page that only "
			"the box may write");
	default:
		err_set(&run->failure, ERR_SANDBOX, "the run box answered '%s'",
			sandbox_outcome_name(outcome));
		return CLADE_STOPPED;
	}
}

/* A canary behind the last block, as far as the region reaches; it is copied with the results. */
static void close_batch(struct clade_batch *b)
{
	size_t room = b->results_end - b->results_used, tail = room < 2 * LINE ? room : 2 * LINE;

	write_canary(b->run, b->results_used, b->results_used + tail);
	b->run->copied = b->results_used + tail;
}

/* The call behind whose block a byte was written, 0 also for one before the first; -1 when all
 * canaries live. */
static int dead_canary(const struct clade_batch *b)
{
	const struct clade_run *run = b->run;
	size_t from = 0;

	for (int i = 0; i <= b->count; i++) {
		size_t to = i < b->count ? b->blocks[i].results : run->copied;

		for (size_t at = canary_start(from, to); at < to; at++) {
			if (run->results[at] != run->canary[at % LINE])
				return i > 0 ? i - 1 : 0;
		}
		if (i < b->count)
			from = b->blocks[i].results + b->blocks[i].result_bytes;
	}
	return -1;
}

static int64_t cpu_of(const struct clade_run *run)
{
	struct timespec t;

	return run->has_cpu_clock && clock_gettime(run->cpu_clock, &t) == 0
		? t.tv_sec * 1000000000LL + t.tv_nsec
		: 0;
}

/*
 * Whether the child sleeps, waited for as long as an answer may take. What it burns meanwhile,
 * run_child_cross books as idle; the time that the driver lost counts against the budget.
 */
static bool await_rest(struct clade_run *run)
{
	int64_t begun_ns = clock_now_ns(), waited_ns;
	bool rests = run_child_rest(run->child, run->call_limit_ns);

	waited_ns = clock_now_ns() - begun_ns;
	run->rest_ns = run->has_cpu_clock ? 0 : waited_ns;
	if (waited_ns > LATE_NS)
		run->spent_ns += waited_ns;
	return rests;
}

/* The inputs, where the child can read them. Returns the CPU time that it burnt meanwhile: a
 * sleeping child burns none. */
static int64_t publish(struct clade_run *run, const struct clade_batch *b)
{
	int64_t rested_ns = run->channel == RUN_BLOCKING ? cpu_of(run) : 0;

	memcpy(run_child_arguments(run->child), run->arguments, b->arguments_used);
	memcpy(run_child_results(run->child), run->results, run->copied);
	return run->channel == RUN_BLOCKING ? cpu_of(run) - rested_ns : 0;
}

/* Where no CPU clock can be read, all the time until it slept counts as work. */
static void account(struct clade_run *run, const struct run_crossing *c, int64_t peeked_ns)
{
	int64_t idle_ns = run->has_cpu_clock ? c->idle_cpu_ns : run->rest_ns;

	run->wall_ns = c->wall_ns;
	run->spent_ns += c->wall_ns;
	run->work_ns = c->child_cpu_ns;
	run->cpu_ns += c->child_cpu_ns;
	run->audit.crossings++;
	run->audit.peeked += peeked_ns > PEEK_NS;
	if (idle_ns > AWAKE_NS) {
		run->audit.awake++;
		run->audit.idle_ns += idle_ns - AWAKE_NS;
	}
	if (idle_ns > LATE_NS) {
		run->late++;
		run->late_ns += idle_ns;
	}
}

int host_cross(struct clade_run *run, struct clade_batch *b)
{
	struct run_crossing crossing = { 0 };
	int64_t peeked_ns = 0;
	bool rests;
	int call;

	if (run->stopped || run->failure.code != 0)
		return CLADE_STOPPED;
	if (b->count == 0 || b->crossed) {
		err_set(&run->failure, ERR_ARGS, "the evaluator crosses with %s batch",
			b->crossed ? "a used" : "an empty");
		return CLADE_STOPPED;
	}
	close_batch(b);
	rests = run->channel != RUN_BLOCKING || await_rest(run);
	if (rests)
		peeked_ns = publish(run, b);
	/* One that does not rest gets nothing to read; the crossing says whether it is dead. */
	if (run_child_cross(&crossing, run->child, b->calls, b->count, run->results, run->copied,
		    rests ? run->call_limit_ns : 0, &run->failure) < 0)
		return CLADE_STOPPED;
	b->crossed = true;
	account(run, &crossing, peeked_ns);
	if (!rests && crossing.outcome == SANDBOX_OK)
		return stop(run, VERDICT_CHEAT, "it goes on working after its answer");
	if (crossing.outcome != SANDBOX_OK)
		return stop_by_outcome(run, crossing.outcome);
	if (run->late > 1 && run->late_ns > LATE_MOST_NS)
		return stop(run, VERDICT_CHEAT, "it goes on working after its answers");
	if (run->spent_ns > run->budget_ns)
		return stop(run, VERDICT_TIMEOUT,
			"its crossings together took longer than an evaluation may");
	call = dead_canary(b);
	if (call >= 0) {
		explain(run, "call %d of a batch wrote outside of its result block", call);
		return stop(run, VERDICT_WRONG, run->explained);
	}
	return 0;
}

static int cross(struct clade_run *run, struct clade_batch *b)
{
	return host_cross(run, b);
}

int64_t host_run_empty(struct clade_run *run, const struct run_call *shape, int count,
	size_t copied, struct err *e)
{
	struct run_crossing crossing = { 0 };
	int rc = run_child_cross(
		&crossing, run->child, shape, count, run->results, copied, run->call_limit_ns, e);

	if (rc < 0)
		return rc;
	if (crossing.outcome != SANDBOX_OK)
		return err_set(e, ERR_SANDBOX, "an empty crossing ended as '%s'",
			sandbox_outcome_name(crossing.outcome));
	return crossing.wall_ns;
}

/* ---- life ---- */

static const struct clade_host callbacks = {
	.abi = CLADE_EVALUATOR_ABI,
	.parameter = parameter,
	.random_u64 = draw_u64,
	.random_below = draw_below,
	.random_unit = draw_unit,
	.random_normal = draw_normal,
	.add = add,
	.calls = calls,
	.arguments = arguments,
	.results = results,
	.begin = begin,
	.cross = cross,
	.random = stream_of,
	.explain = explain,
};

struct host *host_new(const char *problem_dir, char *const (*parameters)[2])
{
	struct host *h = memory_alloc(sizeof(*h));

	h->table = callbacks;
	h->problem_dir = text_copy(problem_dir);
	h->table.problem_dir = h->problem_dir;
	h->parameters = parameters;
	return h;
}

void host_free(struct host *h)
{
	if (!h)
		return;
	free(h->problem_dir);
	free(h);
}

const struct clade_host *host_table(const struct host *h)
{
	return &h->table;
}

static enum verdict refusal(enum sandbox_outcome outcome)
{
	switch (outcome) {
	case SANDBOX_LIMIT:
		return VERDICT_LIMIT;
	case SANDBOX_TIMEOUT:
		return VERDICT_TIMEOUT;
	case SANDBOX_CRASH:
		return VERDICT_CRASH;
	case SANDBOX_CHEAT:
		return VERDICT_CHEAT;
	default:
		return VERDICT_FORBIDDEN;
	}
}

static struct run_spec spec_of(const struct clade_run *run, const struct host_start *s)
{
	return (struct run_spec){
		.tier = SANDBOX_STRICT,
		.image = s->image,
		.entry = s->entry,
		.imports = s->evaluator->imports,
		.arguments_bytes = run->arguments_bytes,
		.results_bytes = run->results_bytes,
		.arena_bytes = s->evaluator->arena_bytes,
		.channel = s->channel,
		.cpu = s->cpu,
		.cpu_limit_ns = s->budget_ns + s->evaluator->call_limit_ns,
	};
}

/* Pages that are touched before the first clock starts. */
static uint8_t *map_area(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

int host_run_start(struct clade_run **out, const struct host_start *s, enum verdict *verdict,
	char reason[HOST_REASON_MAX], struct err *e)
{
	struct clade_run *run = memory_alloc(sizeof(*run));
	enum sandbox_outcome outcome = SANDBOX_OK;
	struct run_spec spec;
	int rc = random_fresh(&run->poison, e);

	run->arguments_bytes = round_up(s->evaluator->arguments_bytes +
			(s->prefixed ? HOST_PREFIX_BYTES * RUN_CALLS_MAX : 0),
		PAGE);
	run->results_bytes = round_up(s->evaluator->results_bytes, PAGE);
	run->prefixed = s->prefixed;
	run->call_limit_ns = s->evaluator->call_limit_ns;
	run->budget_ns = s->budget_ns;
	spec = spec_of(run, s);
	run->channel = s->channel;
	run->arguments = map_area(run->arguments_bytes);
	run->results = map_area(run->results_bytes);
	if (rc == 0 && (!run->arguments || !run->results))
		rc = err_errno(e, ERR_LIMIT, "mmap of %zu bytes",
			run->arguments_bytes + run->results_bytes);
	if (rc == 0)
		rc = run_child_start(&run->child, s->box, &spec, &outcome, reason, e);
	if (rc != 0) {
		host_run_end(run);
		*verdict = refusal(outcome);
		return rc;
	}
	run->has_cpu_clock = run_child_pid(run->child) > 0 &&
		clock_getcpuclockid(run_child_pid(run->child), &run->cpu_clock) == 0;
	*out = run;
	return 0;
}

void host_run_end(struct clade_run *run)
{
	if (!run)
		return;
	run_child_end(run->child);
	if (run->arguments)
		munmap(run->arguments, run->arguments_bytes);
	if (run->results)
		munmap(run->results, run->results_bytes);
	free(run);
}

void host_run_stream(struct clade_run *run, const struct random *stream)
{
	run->stream.stream = *stream;
	run->explained[0] = 0;
}

void host_run_constants(struct clade_run *run, const double *constants, int count)
{
	memcpy(run->constants, constants, (size_t)count * sizeof(*constants));
}

int host_run_state(
	const struct clade_run *run, enum verdict *verdict, const char **reason, struct err *e)
{
	if (run->failure.code != 0)
		return err_set(e, run->failure.code, "%s", run->failure.text);
	if (!run->stopped)
		return 0;
	*verdict = run->verdict;
	*reason = run->reason;
	return 1;
}

const char *host_run_reason(const struct clade_run *run)
{
	return run->explained;
}

int64_t host_run_wall_ns(const struct clade_run *run)
{
	return run->wall_ns;
}

int64_t host_run_work_ns(const struct clade_run *run)
{
	return run->work_ns;
}

int64_t host_run_cpu_ns(const struct clade_run *run)
{
	return run->cpu_ns;
}

struct host_audit host_run_audit(const struct clade_run *run)
{
	struct host_audit audit = run->audit;

	audit.cpu_ns = run->cpu_ns;
	return audit;
}

const struct run_call *host_run_calls(const struct clade_run *run, int *count, size_t *copied)
{
	*count = run->batch.count;
	*copied = run->copied;
	return run->batch.calls;
}
