/*
 * mutator.h - the one interface behind which new programs are made from old ones: offline operators today, engines and models later.
 *
 *      task: parents, what the evaluator declares, random numbers ──▶ mutator_propose ──▶ proposal: new text, genes, operator, or constants to tune first
 *
 * Only the evolved region changes; the text outside is the seed's, byte for byte. A mutator never sees the archive, a clock or a box.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct random;

#define MUTATOR_ABI 1
#define MUTATOR_PARENTS_MAX 4
#define MUTATOR_FLAGS_MAX 16
#define MUTATOR_CONSTANTS_MAX 64

enum mutator_flags_policy {
	MUTATOR_FLAGS_FIXED,        /* neither attributes nor flags change */
	MUTATOR_FLAGS_ATTRIBUTES,   /* __attribute__((optimize/target)), pragmas and restrict in the text */
	MUTATOR_FLAGS_FREE,         /* also compiler flags as genes beside the text */
};

/* What the operators need to know of the problem; a plain copy of the evaluator's declarations, so that this folder includes no other. */
struct mutator_terminal { const char *text, *type; };
struct mutator_domain {
	int kind;                   /* 0 numeric, 1 priority, 2 loops, 3 any: as enum clade_kind */
	unsigned syntax;            /* bits as enum clade_syntax */
	const struct mutator_terminal *terminals; int terminal_count;
	const char *const *imports; /* functions that may be called, NULL-ended, NULL: none */
	enum mutator_flags_policy flags;
	bool tunes;                 /* the evaluator offers residuals: proposals may ask for tuning */
	const char *function;       /* the evolved region is this function; NULL: between the markers */
};

struct mutator_program {
	const char *source; size_t source_bytes;
	const char *flags[MUTATOR_FLAGS_MAX + 1];   /* genes, NULL-ended */
};

struct mutator_task {
	const struct mutator_domain *domain;
	struct mutator_program parents[MUTATOR_PARENTS_MAX]; int parent_count;   /* the first is the one that is changed */
	struct random *random;      /* keyed by (seed, k): the only source of chance */
};

struct mutator_proposal {
	char *source; size_t source_bytes;   /* owned */
	char *flags[MUTATOR_FLAGS_MAX + 1];  /* owned, NULL-ended */
	char operation[64];         /* "expression replace", "loop interchange + literal perturb" */
	int parents[MUTATOR_PARENTS_MAX]; int parent_count;   /* indices into the task's parents that it descends from */
	/*
	 * tune: the floating literals of the region may be fitted first. tunable is the same text with literal i written as clade_constants[i];
	 * constants[i] holds its value. mutator_with_constants writes fitted values back.
	 */
	bool tune;
	char *tunable;              /* owned */
	double constants[MUTATOR_CONSTANTS_MAX]; int constant_count;
};
void mutator_proposal_release(struct mutator_proposal *p);

struct mutator {
	uint32_t abi;               /* MUTATOR_ABI */
	const char *name;           /* "offline" */
	const char *text;
	/* 1 a proposal, 0 nothing found for this draw (try again with another), or an error. */
	int (*propose)(struct mutator_proposal *out, const struct mutator_task *task, struct err *e);
};
/* Every built-in mutator; ends with NULL. */
extern const struct mutator *const mutator_table[];
/* The proposal's source with fitted constants in place of its literals (%.17g, always a floating literal, negatives in parentheses); caller frees. */
int mutator_with_constants(char **source, const struct mutator_proposal *p, const double *constants, int count, struct err *e);
