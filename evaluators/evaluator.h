/*
 * evaluator.h - the whole public interface between Clade and an evaluator plug-in.
 *
 * An evaluator is trusted code: it makes inputs, checks outputs and turns them into metrics. It is a shared object that
 * exports one symbol, `const struct clade_evaluator clade_evaluator`, and runs in a worker process, never in the
 * candidate's. The one primitive is the crossing: run the candidate on these argument blocks, give me the result blocks.
 *
 *      evaluator ── host->add(batch, ...) fills argument blocks ─▶ host->cross(run, batch) ─▶ host->results(batch, i)
 *                                                                     │ the candidate runs in its box; results are copied
 *                                                                     ▼ inside the clock and only the copy is visible
 *
 * The candidate's side is adapter.c of the problem folder: it defines
 *      CLADE_ENTRY void clade_call(const void *arguments, void *results)
 * (clade_adapter.h), unpacks one argument block, calls the candidate's function and leaves the answer in the result block.
 *
 * Rules that every evaluator must keep:
 *   - a value that the candidate reports is never a score; recompute it from its outputs or decisions;
 *   - test with !(error <= tolerance), so that NaN is a wrong answer; check every element of every result;
 *   - inputs are drawn afresh from the random stream that is handed in; nothing is reused from an earlier batch;
 *   - an instance that the candidate fails is wrong, or costs at least the baseline; it is never dropped from a mean.
 * C17, x86-64. All sizes are bytes. Strings are borrowed for the life of the plug-in.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CLADE_EVALUATOR_ABI 1

#define CLADE_METRICS_MAX 16
#define CLADE_FEATURES_MAX 4
#define CLADE_CLASSES_MAX 8
#define CLADE_TERMINALS_MAX 64

struct clade_run;      /* one candidate in its box */
struct clade_batch;    /* argument and result blocks of one crossing */
struct clade_random;   /* a stream of numbers that no candidate can predict */

/* Inputs apart: each stream has its own keys. Searching never sees holdout. */
enum clade_stream {
	CLADE_PROBE,       /* small and cheap: the first correctness check, later the behaviour hash */
	CLADE_SEARCH,      /* what the score is computed on */
	CLADE_CHECK,       /* correctness at boundary sizes and values, before any timing */
	CLADE_HOLDOUT,     /* confirmation only */
};

/* What a callback answers. */
enum clade_answer {
	CLADE_OK = 0,
	CLADE_WRONG = 1,   /* the candidate's answer is wrong: say why with host->explain */
	CLADE_STOPPED = 2, /* host->cross said so: the candidate died or ran out of time; return this at once */
	CLADE_FAILED = 3,  /* the evaluator itself failed (missing data file, no memory): not the candidate's fault */
};

/* ---- what the host gives ---- */
struct clade_host {
	uint32_t abi;                      /* CLADE_EVALUATOR_ABI of the host */
	const char *problem_dir;           /* for data files of the problem */
	/* A value of the campaign file's `parameters:` section, or NULL. */
	const char *(*parameter)(const struct clade_host *host, const char *name);

	uint64_t (*random_u64)(struct clade_random *r);
	uint64_t (*random_below)(struct clade_random *r, uint64_t bound);     /* 0 <= x < bound */
	double (*random_unit)(struct clade_random *r);                        /* [0, 1) */
	double (*random_normal)(struct clade_random *r);                      /* mean 0, sd 1 */

	/*
	 * Add one call to a batch. Both blocks are at offset `misalign` (0..63) from a 64-byte boundary. The argument block is zeroed, the
	 * result block is filled with unpredictable bytes; write in-out contents over it. CLADE_AT_END: both blocks end at a guard page (at
	 * most one call of a batch, the last; misalign is then whatever the size gives). Returns 0, or -1 when the batch is full.
	 */
	int (*add)(struct clade_batch *b, size_t argument_bytes, size_t result_bytes, unsigned misalign, unsigned flags,
		void **arguments, void **results);
	int (*calls)(const struct clade_batch *b);
	/* The blocks of call i; results are the copy that was taken when the candidate acknowledged (before the crossing: the initial contents). */
	const void *(*arguments)(const struct clade_batch *b, int call);
	const void *(*results)(const struct clade_batch *b, int call);

	/* For evaluate and residuals: an empty batch of this run (the previous one of the run is gone), and the crossing. */
	struct clade_batch *(*begin)(struct clade_run *run);
	int (*cross)(struct clade_run *run, struct clade_batch *b);           /* 0, or CLADE_STOPPED */
	struct clade_random *(*random)(struct clade_run *run);                /* the run's stream for the current clade_stream */
	/* One sentence for people and mutators about what is wrong; the last one counts. At most 240 bytes. */
	void (*explain)(struct clade_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
};
#define CLADE_AT_END 1u

/* ---- what the evaluator declares ---- */
enum clade_direction { CLADE_MAXIMISE, CLADE_MINIMISE };
enum clade_depends {
	CLADE_BEHAVIOUR,   /* only on results: makespan, miss ratio, largest error */
	CLADE_CODE,        /* on the code too: time, code size */
};
struct clade_metric {
	const char *name;      /* [a-z0-9_]+, unique */
	const char *unit;      /* "digits", "%", "x" (ratio), "" */
	const char *text;      /* one line */
	enum clade_direction direction;
	enum clade_depends depends;
	double bound;          /* a certified bound on the value, in its direction; a score past it is a hole in the evaluator and stops the campaign. NAN: none */
};

enum clade_scale { CLADE_LINEAR, CLADE_LOG2, CLADE_LOG10 };
enum clade_outside {
	CLADE_CLAMP,       /* a value out of range goes to the border bin and is counted */
	CLADE_REFUSE,      /* a value out of range makes the verdict `forbidden` */
};
enum clade_feature_source {
	CLADE_FROM_METRIC,             /* the metric of the same name */
	CLADE_FROM_OPERATIONS,         /* arithmetic operations in the evolved region */
	CLADE_FROM_TERMINALS,          /* terminals used in the evolved region, counted with repetition */
	CLADE_FROM_TERMINAL_GROUPS,    /* bit mask of the groups of the terminals used */
	CLADE_FROM_CODE_BYTES,         /* machine code of the candidate */
	CLADE_FROM_BEST_CLASS,         /* timed: index of the input class with the largest ratio to the seed */
};
struct clade_feature {
	const char *name, *unit, *text;
	double low, high;              /* fixed range, low < high; LOG scales need low > 0 */
	int bins;                      /* 1..256 */
	enum clade_scale scale;
	enum clade_outside outside;
	enum clade_feature_source source;
};

/* A value that the evolved code may use; what mutators plant in expressions. */
struct clade_terminal {
	const char *text;      /* C expression: "v->time", "x" */
	const char *type;      /* "double", "float", "int" */
	const char *meaning;   /* one line for people */
	unsigned group;        /* bits for CLADE_FROM_TERMINAL_GROUPS */
};

/* Constructs that the evolved region may use; everything else is `forbidden`. Declarations of locals, return, blocks, parentheses,
 * identifiers, literals, assignment and + - * / are always allowed. */
enum clade_syntax {
	CLADE_SYNTAX_BRANCHES = 1 << 0,    /* if, ?:, comparisons, && || ! */
	CLADE_SYNTAX_LOOPS = 1 << 1,       /* for, while, do, break, continue, ++ -- */
	CLADE_SYNTAX_POINTERS = 1 << 2,    /* * & -> [] and arrays */
	CLADE_SYNTAX_BITS = 1 << 3,        /* % << >> & | ^ ~ */
	CLADE_SYNTAX_CASTS = 1 << 4,       /* casts, unions, sizeof, compound literals */
	CLADE_SYNTAX_CALLS = 1 << 5,       /* calls of imports, of functions in the region, of compiler builtins */
	CLADE_SYNTAX_FUNCTIONS = 1 << 6,   /* further function definitions, static data, typedefs, structs */
	CLADE_SYNTAX_PRAGMAS = 1 << 7,     /* #pragma GCC unroll/ivdep, __attribute__, restrict, vector types */
	CLADE_SYNTAX_PREPROCESSOR = 1 << 8,/* #define, #include of the headers that the box offers */
	CLADE_SYNTAX_ASM = 1 << 9,
	CLADE_SYNTAX_GOTO = 1 << 10,
	CLADE_SYNTAX_MEMBERS = 1 << 11,    /* . and -> on the parameters, without arrays and address arithmetic */
	CLADE_SYNTAX_ALL = 0xfff,
};

/* What kind of code evolves: mutators choose their operators by it. */
enum clade_kind { CLADE_KIND_NUMERIC, CLADE_KIND_PRIORITY, CLADE_KIND_LOOPS, CLADE_KIND_ANY };

struct clade_evaluator {
	uint32_t abi;                      /* CLADE_EVALUATOR_ABI */
	const char *name;                  /* [a-z0-9_]+, the problem's name */
	const char *summary;               /* one line */
	enum clade_kind kind;
	const char *const *functions;      /* prototypes that the candidate must define, NULL-ended */
	const char *const *imports;        /* libc/libm functions that it may import, NULL-ended; NULL: none */
	unsigned syntax;                   /* CLADE_SYNTAX_* */
	const struct clade_terminal *terminals;   /* ended by text == NULL; NULL: none */
	const struct clade_metric *metrics;       /* ended by name == NULL */
	const char *fitness;               /* the metric that elites are compared by */
	const struct clade_feature *features;     /* ended by name == NULL; 1..CLADE_FEATURES_MAX */
	size_t arguments_bytes;            /* most bytes of arguments, of results in one batch, blocks' alignment gaps (128 a call) included */
	size_t results_bytes;
	size_t arena_bytes;                /* heap of the candidate, 0: none */
	int64_t call_limit_ns;             /* longest crossing that a usable candidate could need */

	/* State lives as long as the worker. 0 or CLADE_FAILED (say why on stderr). NULL callbacks: no state. */
	int (*open)(void **state, const struct clade_host *host);
	void (*close)(void *state);

	/*
	 * Behaviour: run the candidate on a stream and compute every behaviour metric, in the order of `metrics` (others stay as they are, NAN).
	 * Called with CLADE_PROBE first (cheap, only right or wrong matters), then CLADE_SEARCH, and CLADE_HOLDOUT for confirmation. May cross as often as it needs.
	 */
	int (*evaluate)(void *state, const struct clade_host *host, struct clade_run *run, enum clade_stream stream, double *metrics);

	/*
	 * Timed kernels only (timed != 0; the fitness metric is then the ratio to the seed, "x", measured by the host, and depends on code).
	 * fill adds the calls of one batch of input class `class`; verify checks every result of the batch that was filled last. The host calls
	 * fill, cross, verify strictly in turn, several candidates interleaved. For CLADE_CHECK the host calls fill with round = 0, 1, 2, ... until
	 * it answers CLADE_WRONG ("no further round", nothing added): boundary sizes, alignments, special values, one round each.
	 */
	int timed;
	const char *const *classes;        /* names of input classes, NULL-ended; a timed batch holds one class */
	int (*fill)(void *state, const struct clade_host *host, struct clade_batch *b, struct clade_random *r, enum clade_stream stream, int class_index, int round);
	int (*verify)(void *state, const struct clade_host *host, struct clade_run *run, const struct clade_batch *b);

	/* For constant tuning: residuals on the search stream, sum of squares to be minimised. count is fixed. NULL: none. */
	int residual_count;
	int (*residuals)(void *state, const struct clade_host *host, struct clade_run *run, double *out);
};
