/*
 * loops.h - for loops that count a variable of their own, and what may be moved in and out of them.
 */
#pragma once

#include "mutators/sketch.h"

/*
 * for (T v = low; v < high; v++) body. Only a loop that is `counted` runs through low..high-1 by
 * one; of others just the header is known.
 */
struct loop {
	int node, body; /* nodes */
	int variable, type;      /* nodes: the declared name, its type */
	int low, high;           /* nodes, -1 unless counted */
	bool counted;
};
#define LOOPS_NEST_MAX 8

/* false: no for loop that declares its variable. */
bool loops_read(struct loop *out, const struct sketch *s, int node);
/*
 * The loops of a perfect nest from node inwards: each body holds nothing but the next loop (pragmas
 * and comments apart). Returns how many.
 */
int loops_nest(struct loop out[LOOPS_NEST_MAX], const struct sketch *s, int node);
/* Is a name of that loop's variable anywhere in a node? */
bool loops_mentions(const struct sketch *s, int node, int name);
/* Does the loop's header (its type apart) mention the name? */
bool loops_header_mentions(const struct sketch *s, const struct loop *l, int name);
/* "for (...) ", owned by the caller; body as it stands. */
char *loops_header(const struct sketch *s, const struct loop *l);
char *loops_text(const struct sketch *s, int node);
/*
 * A node's text with one variable replaced by an expression (parentheses are the caller's); NULL
 * when too large.
 */
char *loops_substitute(const struct sketch *s, int node, int name, const char *by);
/* The same for several variables at once. */
char *loops_substitute_all(
	const struct sketch *s, int node, const int *names, const char *const *by, int count);
/* base, base2, base3, ...: the first that no identifier of the text has. out of 64 bytes. */
void loops_fresh_name(char out[64], const struct sketch *s, const char *base, int bytes);
/* The one statement of a body, through braces; -1 when there are more. */
int loops_only_statement(const struct sketch *s, int body);
/* Record edits that remove loop pragmas which no loop follows any more: compilers refuse those. */
void loops_drop_stale_pragmas(struct sketch *s);
