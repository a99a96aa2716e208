/*
 * syntax.h - what the orchestrator asks of a program's text: token identity, allowed constructs, features derived from the source.
 *
 * tree-sitter-c gives the syntax (grammar 0.23.6, ABI 14; checked at start); broken text parses with ERROR nodes and is refused.
 */
#pragma once

#include <stddef.h>

#include "base/hash.h"
#include "mutators/mutator.h"
#include "mutators/region.h"

struct err;
/* Refuse to start when the packaged runtime and the grammar do not fit. */
int syntax_ready(struct err *e);

/*
 * The canonical token text of the region and the gene flags: comments and layout dropped, local names numbered in order of appearance, literals normalised
 * (1.50 and 1.5 are one). Two programs with the same text are the same program. Caller frees. ERR_FORMAT for text that does not parse (the line is named).
 */
int syntax_tokens(char **out, size_t *size, const char *source, size_t source_bytes, struct region r, const char *const *flags, struct err *e);

/* 0, or ERR_FORMAT naming line and construct that the domain does not allow ("line 7: a loop is not allowed in this problem"). */
int syntax_allowed(const char *source, size_t source_bytes, struct region r, const struct mutator_domain *domain, struct err *e);

struct syntax_features {
	int operations;        /* + - * / %, unary minus on a non-literal, compound assignments, calls; each occurrence */
	int terminals;         /* occurrences of terminals */
	unsigned terminals_used[2];   /* bit i: terminal i (of at most 64) occurs */
};
int syntax_measure(struct syntax_features *out, const char *source, size_t source_bytes, struct region r, const struct mutator_domain *domain, struct err *e);
