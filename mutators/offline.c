#include "mutators/offline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "mutators/constants.h"
#include "mutators/loops.h"
#include "mutators/operator.h"
#include "mutators/sketch.h"
#include "mutators/syntax.h"

#define STEPS_MAX 4
#define STEP_MORE 3          /* one chance in this many to go on after each step */
#define DRAWS_MAX 24         /* whole chains tried before nothing is proposed */
#define OPERATORS_TRIED 12    /* drawn for one step: some find nothing in a given program */
#define OPERATORS_MAX 128
/* One numeric child in this many goes unfitted: a lucky literal should be seen as it is. */
#define TUNE_SHARE 20

const struct operator *const offline_groups[] = {
	numerics_operators,
	expressions_operators,
	literals_operators,
	statements_operators,
	loops_operators,
	nests_operators,
	reductions_operators,
	tiles_operators,
	genes_operators,
	NULL,
};

int offline_permits(const struct operator *o, const struct mutator_domain *d)
{
	return domain_allows(d, o->syntax) && d->flags >= o->policy;
}

/* The program as it changes, step by step. */
struct draft {
	const struct mutator_task *task;
	char *text;              /* owned */
	size_t size;
	struct region region;
	const char *flags[MUTATOR_FLAGS_MAX + 1];
	char operation[64];
	bool used_mate;
};

static int region_of(struct region *out, const struct mutator_task *task,
	const struct mutator_program *p, struct err *e)
{
	return region_find(out, p->source, p->source_bytes, task->domain->function, e);
}

static int draft_start(struct draft *d, const struct mutator_task *task, struct err *e)
{
	const struct mutator_program *p = &task->parents[0];

	memset(d, 0, sizeof *d);
	d->task = task;
	d->text = text_copy_n(p->source, p->source_bytes);
	d->size = p->source_bytes;
	memcpy(d->flags, p->flags, sizeof d->flags);
	return region_of(&d->region, task, p, e);
}

static void draft_release(struct draft *d)
{
	free(d->text);
	d->text = NULL;
}

static void name_step(struct draft *d, const char *name)
{
	size_t used = strlen(d->operation);

	/* A name that does not fit whole is left out: these are counted by name. */
	if (used + strlen(name) + 4 <= sizeof d->operation)
		snprintf(d->operation + used, sizeof d->operation - used, "%s%s", used ? " + " : "",
			name);
}

static const struct operator *draw_operator(const struct mutator_task *task)
{
	const struct operator *all[OPERATORS_MAX];
	double weights[OPERATORS_MAX];
	int count = 0, pick;

	for (int g = 0; offline_groups[g] != NULL; g++)
		for (const struct operator *o = offline_groups[g];
			o->name != NULL && count < OPERATORS_MAX; o++)
			if (offline_permits(o, task->domain)) {
				all[count] = o;
				weights[count++] = o->weight[task->domain->kind];
			}
	pick = random_weighted(task->random, weights, count);
	return pick < 0 ? NULL : all[pick];
}

/* The recorded edits as a new text of the draft. false: they overlap or leave the region. */
static bool draft_edit(struct draft *d, const struct sketch *s)
{
	char *changed =
		edits_apply(&s->edits, s->text, (uint32_t)s->region.start, (uint32_t)s->region.end);
	size_t inner;
	char *text;

	if (changed == NULL)
		return false;
	inner = strlen(changed);
	text = region_replace(s->text, s->size, s->region, changed, inner);
	free(changed);
	free(d->text);
	d->text = text;
	d->size = s->size - (s->region.end - s->region.start) + inner;
	d->region = (struct region){ s->region.start, s->region.start + inner };
	return true;
}

/* Does the draft still parse? Pragmas that lost their loop go. */
static bool draft_settle(struct draft *d)
{
	struct sketch s;
	bool fine = true;

	if (sketch_open(&s, d->task->domain, d->task->random, d->text, d->size, d->region, NULL) <
		0)
		return false;
	if (domain_allows(d->task->domain, DOMAIN_PRAGMAS)) {
		char *old = d->text;

		/* The sketch reads the old text until it is closed. */
		loops_drop_stale_pragmas(&s);
		d->text = NULL;
		fine = draft_edit(d, &s);
		free(fine ? old : NULL);
		d->text = fine ? d->text : old;
	}
	sketch_close(&s);
	return fine;
}

/*
 * Take over what an operator recorded, if the text then still parses; else the draft is as it was.
 * The sketch's text is gone when taken.
 */
static bool draft_take(struct draft *d, const struct sketch *s, const struct operator *o)
{
	struct draft next = *d;

	next.text = NULL;
	if (!draft_edit(&next, s) || !draft_settle(&next)) {
		draft_release(&next);
		return false;
	}
	draft_release(d);
	*d = next;
	memcpy(d->flags, s->flags, sizeof d->flags);
	d->used_mate |= s->used_mate;
	name_step(d, o->name);
	return true;
}

/*
 * One operator on the draft: the first of a few drawn that finds something to change. 1 changed, 0
 * not, or an error: the draft does not parse.
 */
static int draft_step(struct draft *d, const struct sketch *mate, struct err *e)
{
	struct sketch s;
	int changed = 0;
	int rc = sketch_open(&s, d->task->domain, d->task->random, d->text, d->size, d->region, e);

	if (rc < 0)
		return rc;
	memcpy(s.flags, d->flags, sizeof s.flags);
	s.mate = mate;
	for (int i = 0; i < OPERATORS_TRIED && !changed; i++) {
		const struct operator *o = draw_operator(d->task);

		edits_clear(&s.edits);
		s.used_mate = false;
		changed = o != NULL && o->apply(&s) == 1 && draft_take(d, &s, o);
	}
	sketch_close(&s);
	return changed;
}

static int draft_chain(struct draft *d, const struct sketch *mate, struct err *e)
{
	int taken = 0, rc;

	for (int step = 0; step < STEPS_MAX; step++) {
		rc = draft_step(d, mate, e);
		if (rc < 0)
			return rc;
		taken += rc;
		if (random_below(d->task->random, STEP_MORE) != 0)
			break;
	}
	return taken > 0;
}

static int draft_tokens(char **out, size_t *size, const struct draft *d)
{
	return syntax_tokens(
		out, size, d->text, d->size, d->region, (const char *const *)d->flags, NULL);
}

/* Is the draft a program that may be proposed: allowed, and not the parent again? */
static bool draft_is_new(const struct draft *d, const char *parent, size_t parent_size)
{
	char *tokens = NULL;
	size_t size;
	bool is_new;

	if (syntax_allowed(d->text, d->size, d->region, d->task->domain, NULL) < 0 ||
		draft_tokens(&tokens, &size, d) < 0)
		return false;
	is_new = size != parent_size || memcmp(tokens, parent, size) != 0;
	free(tokens);
	return is_new;
}

static void propose_tuning(struct mutator_proposal *p, const struct draft *d)
{
	const struct mutator_task *task = d->task;
	struct sketch s;

	if (!task->domain->tunes ||
		(task->domain->kind == DOMAIN_NUMERIC ? random_below(task->random, TUNE_SHARE) == 0
						      : random_below(task->random, 2)))
		return;
	if (sketch_open(&s, task->domain, task->random, d->text, d->size, d->region, NULL) < 0)
		return;
	p->tune = constants_extract(&p->tunable, p->constants, &p->constant_count,
			  MUTATOR_CONSTANTS_MAX, &s) == 1;
	sketch_close(&s);
}

static void fill_proposal(struct mutator_proposal *out, struct draft *d)
{
	struct mutator_proposal p = { .parents = { 0 }, .parent_count = 1 };

	propose_tuning(&p, d);
	p.source = d->text;
	p.source_bytes = d->size;
	d->text = NULL;
	for (int i = 0; i < MUTATOR_FLAGS_MAX && d->flags[i] != NULL; i++)
		p.flags[i] = text_copy(d->flags[i]);
	memcpy(p.operation, d->operation, sizeof p.operation);
	if (d->used_mate)
		p.parents[p.parent_count++] = 1;
	*out = p;
}

/* The second parent, for operators that cross. One that does not parse is no mate. */
static bool mate_open(struct sketch *out, const struct mutator_task *task)
{
	const struct mutator_program *p = &task->parents[1];
	struct region r;

	return task->parent_count > 1 && region_of(&r, task, p, NULL) == 0 &&
		sketch_open(out, task->domain, task->random, p->source, p->source_bytes, r, NULL) ==
		0;
}

static int offline_propose(
	struct mutator_proposal *out, const struct mutator_task *task, struct err *e)
{
	struct draft d = { .text = NULL };
	char *parent = NULL;
	size_t parent_size = 0;
	struct sketch mate;
	bool mated = false;
	int rc;

	if (task->parent_count < 1 || task->domain->kind < 0 || task->domain->kind >= DOMAIN_KINDS)
		return err_set(e, ERR_ARGS, "a task needs a parent and a known kind");
	rc = draft_start(&d, task, e);
	if (rc == 0)
		rc = syntax_tokens(
			&parent, &parent_size, d.text, d.size, d.region, task->parents[0].flags, e);
	if (rc < 0)
		goto out;
	mated = mate_open(&mate, task);
	for (int i = 0; i < DRAWS_MAX && rc == 0; i++) {
		draft_release(&d);
		rc = draft_start(&d, task, e);
		if (rc == 0)
			rc = draft_chain(&d, mated ? &mate : NULL, e);
		if (rc == 1 && !draft_is_new(&d, parent, parent_size))
			rc = 0;
	}
	if (rc == 1)
		fill_proposal(out, &d);
out:
	if (mated)
		sketch_close(&mate);
	draft_release(&d);
	free(parent);
	return rc;
}

const struct mutator offline_mutator = {
	.abi = MUTATOR_ABI,
	.name = "offline",
	.text = "operators on the syntax tree: expressions, literals, loops, genes",
	.propose = offline_propose,
};
