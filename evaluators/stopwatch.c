#include "evaluators/stopwatch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/memory.h"
#include "evaluators/duel.h"

/* Measuring note 2.1: a batch lasts at least 50 us and 12 hand-offs, at least 16 inputs; 2.2: a
 * warm batch at least 20 us. */
#define BATCH_LEAST_NS 50000.0
#define BATCH_HANDOFFS 12.0
#define BATCH_CALLS_LEAST 16
#define WARM_SHARE 0.4
/* A batch that lasts a hundred times as long as the cold start costs (20 us) needs no warm one
 * before it. */
#define WARM_NEEDLESS_NS 2e6
/* A slow kernel does not get 16 inputs at any price: 4 ms a batch is long past where a longer one
 * is more precise. */
#define BATCH_MOST_NS 4e6
#define GROWTH_MAX 4
#define SIZING_BATCHES 3
#define EMPTY_CROSSINGS 64
#define EMPTY_WARMUPS 8
/* Time that is left when the hand-off is subtracted counts as at least this share of the hand-off:
 * its noise, not a candidate's speed. */
#define RESOLUTION 0.02

/*
 * Time in which neither side worked belongs to another process on this core. More than this share
 * of a batch (and more than a few us) spoils the pair. A long batch is the likelier one to be spoilt,
 * so the work of spoilt batches is kept too (stopwatch.h). Of pairs that are all spoilt the least
 * spoilt one counts.
 */
#define SPOILT_SHARE 0.1
#define SPOILT_LEAST_NS 10000.0
#define REPEATS_MAX 8
/* On a busy core batches of many ms are spoilt always, and repeating them would take minutes. */
#define REPEATS_ENOUGH_NS 50000000LL

/*
 * The audit of invariant iv: an alarm is a rate, since an honest child is now and then seen on its
 * way to sleep; but one such crossing is no rate, however few there are.
 */
#define AUDIT_RATE 0.05
#define AUDIT_LEAST 2
#define AUDIT_SHARE 0.05
#define AUDIT_LEAST_NS 100000

struct observed {
	double wall_ns, work_ns;
	int calls;
};

int stopwatch_open(struct stopwatch *w, struct rig *r, enum clade_stream stream, struct err *e)
{
	struct host_start start = rig_start(r, r->null_image);
	char refused[HOST_REASON_MAX] = "";
	enum verdict verdict;
	int rc;

	*w = (struct stopwatch){ .rig = r, .stream = stream };
	rc = random_fresh(&w->inputs.stream, e);
	if (rc == 0)
		rc = random_fresh(&w->order, e);
	if (rc == 0)
		rc = host_run_start(&w->empty, &start, &verdict, refused, e);
	return rc == 1 ? err_set(e, ERR_SANDBOX, "the empty entry is refused: %s", refused) : rc;
}

void stopwatch_close(struct stopwatch *w)
{
	host_run_end(w->empty);
	w->empty = NULL;
	for (int i = 0; i < 2; i++) {
		free(w->work[i]);
		w->work[i] = NULL;
	}
}

/* Fill, cross, verify. 0, 1 the run is over, or our own error. */
static int cross_batch(struct observed *out, struct stopwatch *w, struct clade_run *run,
	int class_index, int calls, struct stopwatch_fault *fault, struct err *e)
{
	const struct clade_evaluator *v = w->rig->evaluator;
	const struct clade_host *table = host_table(w->rig->host);
	struct clade_batch *b = host_batch(run, calls);
	int answer = v->fill(w->rig->state, table, b, &w->inputs, w->stream, class_index, 0);

	if (answer != CLADE_OK || table->calls(b) == 0)
		return err_set(e, ERR_CHILD, "evaluator %s filled no batch of class %s", v->name,
			v->classes[class_index]);
	answer = host_cross(run, b);
	if (answer == CLADE_OK)
		answer = v->verify(w->rig->state, table, run, b);
	*out = (struct observed){ (double)host_run_wall_ns(run), (double)host_run_work_ns(run),
		table->calls(b) };
	return rig_settle(&fault->verdict, &fault->reason, w->rig, run, answer, e);
}

/* ---- calibration ---- */

static int measure_handoff(
	double *out, struct stopwatch *w, const struct clade_run *shape_of, struct err *e)
{
	double times[EMPTY_CROSSINGS];
	size_t copied;
	int count;
	const struct run_call *shape = host_run_calls(shape_of, &count, &copied);

	for (int i = -EMPTY_WARMUPS; i < EMPTY_CROSSINGS; i++) {
		int64_t wall_ns = host_run_empty(w->empty, shape, count, copied, e);

		if (wall_ns < 0)
			return (int)wall_ns;
		if (i >= 0)
			times[i] = (double)wall_ns;
	}
	*out = duel_median(times, EMPTY_CROSSINGS, 0.05).estimate;
	return 0;
}

static double batch_target(const struct stopwatch_class *c)
{
	return fmax(BATCH_LEAST_NS, BATCH_HANDOFFS * c->handoff_ns);
}

/* The median of a few batches, which a fresh process needs: its first ones fault pages in. */
static int typical_batch(struct observed *out, struct stopwatch *w, struct clade_run *run,
	int class_index, int calls, struct stopwatch_fault *fault, struct err *e)
{
	double times[SIZING_BATCHES];
	struct observed seen = { 0 };

	for (int i = 0; i < SIZING_BATCHES; i++) {
		int rc = cross_batch(&seen, w, run, class_index, calls, fault, e);

		if (rc != 0)
			return rc;
		times[i] = seen.wall_ns;
	}
	*out = (struct observed){ .wall_ns = duel_median(times, SIZING_BATCHES, 0.05).estimate,
		.calls = seen.calls };
	return 0;
}

static int calls_for(double target_ns, double call_ns)
{
	double calls = ceil(target_ns / fmax(call_ns, 1));

	if (calls < BATCH_CALLS_LEAST)
		calls = fmax(calls, fmin(BATCH_CALLS_LEAST, floor(BATCH_MOST_NS / call_ns)));
	return (int)fmin(calls, RUN_CALLS_MAX);
}

/* From one call upwards, so that a batch of a slow kernel does not run into the limit of a
 * crossing. */
static int size_class(struct stopwatch *w, struct clade_run *run, int class_index,
	struct stopwatch_fault *fault, struct err *e)
{
	struct stopwatch_class *c = &w->classes[class_index];
	struct observed seen = { 0 };
	int calls = 1, before = 0, rc;

	do {
		if ((rc = typical_batch(&seen, w, run, class_index, calls, fault, e)) != 0)
			return rc;
		if (seen.calls <= before)
			break; /* the regions hold no more */
		before = seen.calls;
		calls = 4 * seen.calls;
	} while (seen.wall_ns < BATCH_LEAST_NS && before < RUN_CALLS_MAX);
	if ((rc = measure_handoff(&c->handoff_ns, w, run, e)) < 0)
		return rc;
	c->calls_least =
		calls_for(batch_target(c), fmax(seen.wall_ns - c->handoff_ns, 1) / seen.calls);
	c->calls = c->calls_least;
	return 0;
}

int stopwatch_calibrate(struct stopwatch *w, struct clade_run *trusted,
	struct stopwatch_fault *fault, struct err *e)
{
	for (int i = 0; i < w->rig->class_count; i++) {
		int rc = size_class(w, trusted, i, fault, e);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* ---- pairs ---- */

static double log_call_time(const struct stopwatch_class *c, const struct observed *seen)
{
	return log(fmax(seen->wall_ns - c->handoff_ns, RESOLUTION * c->handoff_ns) / seen->calls);
}

/*
 * Where one side is so fast that its batches drown in the hand-off, both get more calls. A
 * candidate can only make its batches longer by this, and longer batches favour nobody, so it is no
 * way to be timed on fewer calls.
 */
static void grow(struct stopwatch_class *c, const struct observed *seen)
{
	double body_ns = fmax(seen->wall_ns - c->handoff_ns, RESOLUTION * c->handoff_ns);
	double wanted =
		fmin(seen->calls * batch_target(c) / body_ns, (double)GROWTH_MAX * c->calls_least);

	if (wanted > 1.25 * c->calls)
		c->calls = (int)fmin(wanted, RUN_CALLS_MAX);
}

/* Time of a batch in which neither side worked, as a share of what is allowed: over 1 it is spoilt. */
static double spoilt(const struct stopwatch_class *c, const struct observed *seen)
{
	double idle_ns = seen->wall_ns - seen->work_ns - c->handoff_ns;

	return seen->work_ns > 0 ? idle_ns / fmax(SPOILT_LEAST_NS, SPOILT_SHARE * seen->wall_ns) : 0;
}

static void keep_work(struct stopwatch *w, const struct observed seen[2])
{
	if (w->work_count == w->work_room) {
		w->work_room = w->work_room ? 2 * w->work_room : 64;
		for (int i = 0; i < 2; i++)
			w->work[i] = memory_grow(
				w->work[i], (size_t)w->work_room, sizeof(*w->work[i]));
	}
	for (int i = 0; i < 2; i++) {
		double work_ns = seen[i].work_ns > 0 ? seen[i].work_ns : seen[i].wall_ns;

		w->work[i][w->work_count] = work_ns / seen[i].calls;
	}
	w->work_count++;
}

/* Both sides in random order, each behind its warm batch. */
static int cross_both(struct observed seen[2], struct stopwatch *w,
	struct clade_run *const sides[2], int class_index, struct stopwatch_fault *fault,
	struct err *e)
{
	struct stopwatch_class *c = &w->classes[class_index];
	/* A little more than needed, at random: no count that a candidate could wait for. */
	int calls = c->calls + (int)random_below(&w->order, (uint64_t)c->calls / 8 + 1);
	int warm = (int)ceil(WARM_SHARE * calls), first = (int)random_below(&w->order, 2);

	for (int i = 0; i < 2; i++) {
		int side = first ^ i, rc = 0;

		fault->side = side;
		if (c->last_ns[side] < WARM_NEEDLESS_NS)
			rc = cross_batch(&seen[side], w, sides[side], class_index, warm, fault, e);
		if (rc == 0)
			rc = cross_batch(&seen[side], w, sides[side], class_index, calls, fault, e);
		if (rc != 0)
			return rc;
		c->last_ns[side] = seen[side].wall_ns;
	}
	keep_work(w, seen);
	return 0;
}

int stopwatch_pair(double *d, struct stopwatch *w, struct clade_run *const sides[2],
	int class_index, struct stopwatch_fault *fault, struct err *e)
{
	struct stopwatch_class *c = &w->classes[class_index];
	struct observed seen[2] = { { 0 } }, tried[2] = { { 0 } };
	int64_t begun_ns = clock_now_ns();
	double least = INFINITY;

	for (int repeat = 0; repeat <= REPEATS_MAX && least > 1; repeat++) {
		int rc = cross_both(tried, w, sides, class_index, fault, e);
		double worst;

		if (rc != 0)
			return rc;
		worst = fmax(spoilt(c, &tried[0]), spoilt(c, &tried[1]));
		if (worst < least) {
			least = worst;
			memcpy(seen, tried, sizeof(seen));
		}
		if (clock_now_ns() - begun_ns > REPEATS_ENOUGH_NS)
			break;
	}
	w->pairs++;
	*d = log_call_time(c, &seen[0]) - log_call_time(c, &seen[1]);
	grow(c, &seen[0]);
	grow(c, &seen[1]);
	return 0;
}

void stopwatch_audit(struct stopwatch *w, const struct clade_run *run)
{
	struct host_audit a = run ? host_run_audit(run) : (struct host_audit){ 0 };

	w->audit.crossings += a.crossings;
	w->audit.awake += a.awake;
	w->audit.peeked += a.peeked;
	w->audit.idle_ns += a.idle_ns;
	w->audit.cpu_ns += a.cpu_ns;
}

/*
 * Interrupts and stolen time are charged to whoever runs, so an honest child shows some: on a loaded
 * machine one crossing in some hundred, with 20 to 60 us. To gain by it, a candidate must burn
 * between crossings a share of what it burns in them; a few interrupts are no such share.
 */
bool stopwatch_awake(const struct stopwatch *w)
{
	const struct host_audit *a = &w->audit;
	double often = fmax(AUDIT_LEAST, AUDIT_RATE * a->crossings);

	if (a->peeked >= often)
		return true;
	return a->awake >= often && a->idle_ns > AUDIT_LEAST_NS &&
		(double)a->idle_ns > AUDIT_SHARE * (double)a->cpu_ns;
}
