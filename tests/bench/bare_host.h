/*
 * bare_host.h - the evaluator's own callbacks over a host whose crossing is a plain call: what evaluating costs without any box.
 *
 * Streams, rounds and batches are those of the stages of a rig (evaluators/evaluate_stage.c, stopwatch.c, race_stage.c). Nothing is poisoned, copied,
 * limited or searched for damage. struct clade_run and struct clade_batch are opaque to plug-ins, so these are other ones than evaluators/host.c has;
 * no pointer to them ever reaches it.
 */
#pragma once

#include <math.h>
#include <stdint.h>

#include "base/memory.h"
#include "evaluators/rig.h"
#include "tests/bench/bare_compile.h"

#define BARE_PROBE_CALLS 4
#define BARE_PAIRS 9                    /* RATIO_PAIRS of race_stage.c, and its end of patience */
#define BARE_PAIRS_LEAST 5
#define BARE_PATIENCE_NS 60000000
#define BARE_BATCH_NS 50000.0           /* as in stopwatch.c */
#define BARE_BATCH_MOST_NS 4e6
#define BARE_GROWTH_MAX 4
#define BARE_WARM 0.4
#define BARE_WARM_NEEDLESS_NS 2e6

struct clade_batch {
	struct clade_run *run;
	int count, max;
	size_t arguments_used, results_used;
	void *arguments[RUN_CALLS_MAX], *results[RUN_CALLS_MAX];
};

struct clade_run {
	const struct clade_evaluator *evaluator;   /* borrowed, as the state */
	void *state;
	bare_entry *entry;                         /* whose turn it is */
	uint8_t *arguments, *results;              /* owned */
	struct clade_random stream;
	struct clade_batch batch;
};

static inline uint64_t bare_u64(struct clade_random *r) { return random_u64(&r->stream); }
static inline uint64_t bare_below(struct clade_random *r, uint64_t bound) { return random_below(&r->stream, bound); }
static inline double bare_unit_draw(struct clade_random *r) { return random_unit(&r->stream); }
static inline double bare_normal(struct clade_random *r) { return random_normal(&r->stream); }
static inline int bare_calls(const struct clade_batch *b) { return b->count; }
static inline const void *bare_arguments(const struct clade_batch *b, int call) { return b->arguments[call]; }
static inline const void *bare_results(const struct clade_batch *b, int call) { return b->results[call]; }
static inline struct clade_random *bare_random(struct clade_run *run) { return &run->stream; }
static inline const char *bare_parameter(const struct clade_host *host, const char *name) { (void)host; (void)name; return NULL; }

__attribute__((format(printf, 2, 3)))
static inline void bare_explain(struct clade_run *run, const char *format, ...) { (void)run; (void)format; }

static inline int bare_add(struct clade_batch *b, size_t argument_bytes, size_t result_bytes, unsigned misalign, unsigned flags, void **arguments,
	void **results)
{
	const struct clade_evaluator *v = b->run->evaluator;
	size_t arguments_at = (b->arguments_used + 63) / 64 * 64 + misalign % 64, results_at = (b->results_used + 63) / 64 * 64 + misalign % 64;

	(void)flags;
	if (b->count >= b->max || arguments_at + argument_bytes > v->arguments_bytes || results_at + result_bytes > v->results_bytes)
		return -1;
	b->arguments[b->count] = b->run->arguments + arguments_at;
	b->results[b->count] = b->run->results + results_at;
	memset(b->arguments[b->count], 0, argument_bytes);
	b->arguments_used = arguments_at + argument_bytes;
	b->results_used = results_at + result_bytes;
	if (arguments)
		*arguments = b->arguments[b->count];
	if (results)
		*results = b->results[b->count];
	b->count++;
	return 0;
}

static inline struct clade_batch *bare_batch(struct clade_run *run, int calls_max)
{
	struct clade_batch *b = &run->batch;

	b->run = run;
	b->count = 0;
	b->max = calls_max < RUN_CALLS_MAX ? calls_max : RUN_CALLS_MAX;
	b->arguments_used = b->results_used = 0;
	return b;
}

static inline struct clade_batch *bare_begin(struct clade_run *run) { return bare_batch(run, RUN_CALLS_MAX); }

static inline int bare_cross(struct clade_run *run, struct clade_batch *b)
{
	for (int i = 0; i < b->count; i++)
		run->entry(b->arguments[i], b->results[i]);
	return 0;
}

static const struct clade_host bare_table = {
	.abi = CLADE_EVALUATOR_ABI, .problem_dir = "", .parameter = bare_parameter,
	.random_u64 = bare_u64, .random_below = bare_below, .random_unit = bare_unit_draw, .random_normal = bare_normal,
	.add = bare_add, .calls = bare_calls, .arguments = bare_arguments, .results = bare_results,
	.begin = bare_begin, .cross = bare_cross, .random = bare_random, .explain = bare_explain,
};

/* ---- the path of a candidate ---- */

static inline int bare_stream(struct clade_run *run, const struct rig *r, enum clade_stream stream)
{
	double metrics[CLADE_METRICS_MAX];

	rig_stream(&run->stream.stream, r, stream);
	return run->evaluator->evaluate(run->state, &bare_table, run, stream, metrics);
}

/* One batch; the nanoseconds of its calls, negative when an answer is wrong. */
static inline double bare_timed_batch(struct clade_run *run, bare_entry *entry, struct clade_random *inputs, enum clade_stream stream, int class_index,
	int round, int calls)
{
	const struct clade_evaluator *v = run->evaluator;
	struct clade_batch *b = bare_batch(run, calls);
	int64_t began_ns, spent_ns;

	if (v->fill(run->state, &bare_table, b, inputs, stream, class_index, round) != CLADE_OK)
		return NAN;
	run->entry = entry;
	began_ns = clock_now_ns();
	bare_cross(run, b);
	spent_ns = clock_now_ns() - began_ns;
	return v->verify(run->state, &bare_table, run, b) == CLADE_OK ? (double)spent_ns : -1;
}

static inline int bare_check(struct clade_run *run, const struct rig *r)
{
	struct clade_random inputs;
	double spent = 0;

	rig_stream(&inputs.stream, r, CLADE_PROBE);
	for (int i = 0; i < r->class_count && spent >= 0; i++)
		spent = bare_timed_batch(run, run->entry, &inputs, CLADE_PROBE, i, 0, BARE_PROBE_CALLS);
	rig_stream(&inputs.stream, r, CLADE_CHECK);
	for (int round = 0; spent >= 0; round++)
		spent = bare_timed_batch(run, run->entry, &inputs, CLADE_CHECK, 0, round, RUN_CALLS_MAX);
	return isnan(spent) ? CLADE_OK : CLADE_WRONG;      /* NaN: no further round */
}

/* Calls in a batch of this class, sized on the seed. */
static inline int bare_size(struct clade_run *run, bare_entry *seed, struct clade_random *inputs, int class_index)
{
	double spent[3], calls = 1, wanted;
	int before = 0;

	for (;; calls = 4.0 * before) {
		for (int i = 0; i < 3; i++)
			spent[i] = bare_timed_batch(run, seed, inputs, CLADE_SEARCH, class_index, 0, (int)calls);
		if (run->batch.count <= before || bench_quantile(spent, 3, 0.5) >= BARE_BATCH_NS)
			break;
		before = run->batch.count;
	}
	calls = spent[1] / run->batch.count;
	wanted = ceil(BARE_BATCH_NS / calls);
	wanted = fmax(wanted, fmin(16, floor(BARE_BATCH_MOST_NS / calls)));
	return (int)fmin(wanted, RUN_CALLS_MAX);
}

/* As the stopwatch's: both sides get more calls where one of them is too fast to be timed on so few. */
static inline int bare_grow(int calls, int least, double spent_ns)
{
	double wanted = fmin(calls * BARE_BATCH_NS / fmax(spent_ns, 1), (double)BARE_GROWTH_MAX * least);

	return wanted > 1.25 * calls ? (int)fmin(wanted, RUN_CALLS_MAX) : calls;
}

static inline int bare_time(struct clade_run *run, bare_entry *seed, bare_entry *candidate, struct clade_random *inputs, int class_index)
{
	bare_entry *const sides[2] = { seed, candidate };
	int least = bare_size(run, seed, inputs, class_index), calls = least;
	int64_t began_ns = clock_now_ns();
	double last[2] = { 0 };

	for (int n = 0; n < BARE_PAIRS && (n < BARE_PAIRS_LEAST || clock_now_ns() - began_ns < BARE_PATIENCE_NS); n++) {
		for (int side = 0; side < 2; side++) {
			if (last[side] < BARE_WARM_NEEDLESS_NS)
				bare_timed_batch(run, sides[side], inputs, CLADE_SEARCH, class_index, 0, (int)ceil(BARE_WARM * calls));
			last[side] = bare_timed_batch(run, sides[side], inputs, CLADE_SEARCH, class_index, 0, calls);
			if (!(last[side] >= 0))
				return CLADE_WRONG;
		}
		calls = bare_grow(calls, least, fmin(last[0], last[1]));
	}
	return CLADE_OK;
}

static inline struct clade_run *bare_run_new(const struct rig *r)
{
	struct clade_run *run = memory_alloc(sizeof *run);

	run->evaluator = r->evaluator;
	run->state = r->state;
	run->arguments = memory_alloc(r->evaluator->arguments_bytes);
	run->results = memory_alloc(r->evaluator->results_bytes);
	return run;
}

static inline void bare_run_free(struct clade_run *run)
{
	free(run->arguments);
	free(run->results);
	free(run);
}

/* What rig_evaluate does without a rival. CLADE_OK, or what the evaluator answered. */
static inline int bare_evaluate(struct clade_run *run, const struct rig *r, bare_entry *candidate, bare_entry *seed)
{
	struct clade_random inputs;
	int answer = CLADE_OK;

	run->entry = candidate;
	if (r->evaluator->evaluate)
		answer = bare_stream(run, r, CLADE_PROBE);
	if (answer == CLADE_OK && r->evaluator->timed)
		answer = bare_check(run, r);
	run->entry = candidate;
	if (answer == CLADE_OK && r->evaluator->evaluate)
		answer = bare_stream(run, r, CLADE_SEARCH);
	if (!r->evaluator->timed)
		return answer;
	if (random_fresh(&inputs.stream, NULL) < 0)
		return CLADE_FAILED;
	for (int i = 0; i < r->class_count && answer == CLADE_OK; i++)
		answer = bare_time(run, seed, candidate, &inputs, i);
	return answer;
}
