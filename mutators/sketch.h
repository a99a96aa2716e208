/*
 * sketch.h - one program under change: its text with tree, names and types, the edits so far, and
 * where to draw sites from.
 */
#pragma once

#include "mutators/edits.h"
#include "mutators/mutator.h"
#include "mutators/region.h"
#include "mutators/scope.h"
#include "mutators/tree.h"

struct buffer;
struct err;
struct random;

struct sketch {
	const struct mutator_domain *domain;
	struct random *random;
	const char *text;        /* borrowed */
	size_t size;
	struct region region;
	struct tree tree;
	struct scope scope;
	struct edits edits;      /* out */
	/* in and out: the genes, NULL-ended; texts are the caller's or of the genes' table */
	const char *flags[MUTATOR_FLAGS_MAX + 1];
	const struct sketch *mate;                  /* the second parent, NULL: none */
	bool used_mate;          /* out: something of the mate is in the edits */
};

/* ERR_FORMAT when the region does not parse. The text must outlive the sketch. */
int sketch_open(struct sketch *out, const struct mutator_domain *d, struct random *r,
	const char *text, size_t size, struct region region, struct err *e);
void sketch_close(struct sketch *s);

/* A random node of the region that fits, each with equal probability; -1: none. */
typedef bool sketch_fits_fn(const struct sketch *s, int node);
int sketch_pick(const struct sketch *s, sketch_fits_fn *fits);
/* An arithmetic value that may be replaced, outside loop headers. */
bool sketch_is_value(const struct sketch *s, int node);
bool sketch_in_loop_header(const struct sketch *s, int node);

/* The node's text as it stands. */
void sketch_copy(struct buffer *out, const struct sketch *s, int node);
/* The same, in parentheses unless it is a name, literal, call, member or element. */
void sketch_copy_operand(struct buffer *out, const struct sketch *s, int node);
/*
 * Replace a value by the text of an expression; parentheses where the place needs them. simple: the
 * text is a name, literal or call.
 */
void sketch_replace(struct sketch *s, int node, const char *text, bool simple);
