#include "orchestrator/proposer.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/memory.h"
#include "base/random.h"
#include "mutators/syntax.h"
#include "orchestrator/candidate.h"
#include "orchestrator/parcel.h"
#include "orchestrator/search.h"
#include "orchestrator/select.h"

#define STRUCTURES_MAX (1u << 16)    /* remembered per session; a power of two */
#define RETUNE_ONE_IN 8              /* a known structure may find a better fit from other constants (mutation note, 2a) */

/* Structures that were fitted before: an open-addressed set of hashes, the oldest collision forgotten. */
struct proposer_memory { struct hash slots[STRUCTURES_MAX]; };

void proposer_domain(struct search *s)
{
	const struct manifest *m = s->manifest;

	for (int i = 0; i < m->terminal_count; i++)
		s->terminals[i] = (struct mutator_terminal){ .text = m->terminals[i].text, .type = m->terminals[i].type };
	s->domain = (struct mutator_domain){
		.kind = (int)m->kind, .syntax = m->syntax,
		.terminals = s->terminals, .terminal_count = m->terminal_count,
		.imports = (const char *const *)m->imports,
		.flags = (enum mutator_flags_policy)s->campaign->flags,
		.tunes = m->has_residuals,
		.function = s->campaign->function,
	};
}

static int pick_parent(const struct search *s, struct random *r)
{
	struct select_view view = {
		.fitness = elites_fitness(s->elites), .count = elites_count(s->elites),
		.maximise = s->manifest->metrics[s->manifest->fitness_index].direction == CLADE_MAXIMISE,
	};

	return select_rules[s->campaign->parents].pick(&view, r);
}

struct draw {
	struct mutator_task task;
	const struct elite *elites[MUTATOR_PARENTS_MAX];
	char *flags[MUTATOR_PARENTS_MAX][MUTATOR_FLAGS_MAX + 1];    /* owned */
};

static void draw_add(struct draw *d, const struct elite *el)
{
	int i = d->task.parent_count++;
	struct mutator_program *p = &d->task.parents[i];

	d->elites[i] = el;
	p->source = el->source;
	p->source_bytes = el->source_bytes;
	parcel_flags_read(d->flags[i], MUTATOR_FLAGS_MAX, el->flags);
	for (int k = 0; d->flags[i][k] != NULL; k++)
		p->flags[k] = d->flags[i][k];
}

static void draw_release(struct draw *d)
{
	for (int i = 0; i < d->task.parent_count; i++)
		for (int k = 0; d->flags[i][k] != NULL; k++)
			free(d->flags[i][k]);
}

static void draw_parents(struct draw *d, const struct search *s, struct random *r)
{
	int first = pick_parent(s, r);
	int second;

	if (first < 0)
		return;
	draw_add(d, elites_at(s->elites, first));
	if (random_unit(r) >= s->campaign->crossover)
		return;
	second = pick_parent(s, r);
	if (second >= 0 && second != first)
		draw_add(d, elites_at(s->elites, second));
}

/* The shape of a tunable text: its tokens, where constants are all alike. */
static int shape_of(struct hash *out, const struct search *s, const struct mutator_proposal *p)
{
	size_t bytes = strlen(p->tunable), size = 0;
	char *tokens = NULL;
	struct region r;
	int rc = region_find(&r, p->tunable, bytes, s->campaign->function, NULL);

	if (rc == 0)
		rc = syntax_tokens(&tokens, &size, p->tunable, bytes, r, (const char *const *)p->flags, NULL);
	if (rc == 0)
		*out = hash_keyed(&s->secret, tokens, size);
	free(tokens);
	return rc;
}

/* Was this structure (constants left open) fitted before in this session? Notes it. */
static bool known_structure(struct search *s, const struct mutator_proposal *p)
{
	struct hash h;
	uint32_t at;

	if (shape_of(&h, s, p) < 0)
		return false;
	if (s->memory == NULL)
		s->memory = memory_alloc(sizeof *s->memory);
	memcpy(&at, h.bytes, sizeof at);
	at &= STRUCTURES_MAX - 1;
	if (hash_equal(&s->memory->slots[at], &h))
		return true;
	s->memory->slots[at] = h;
	return false;
}

static void adopt(struct candidate *c, const struct draw *d)
{
	const struct mutator_proposal *p = &c->made;

	for (int i = 0; i < p->parent_count && i < 4; i++) {
		const struct elite *el = d->elites[p->parents[i]];

		c->parents[c->parent_count++] = el->id;
		if (i == 0)
			c->depth = el->depth + 1;
	}
}

int proposer_next(struct search *s, struct err *e)
{
	const struct mutator *m = mutator_table[0];
	struct draw d = { 0 };
	struct mutator_proposal p = { 0 };
	struct candidate *c;
	struct random r;
	int64_t k = s->next_proposal++;
	int rc = 0;

	random_keyed(&r, s->seed, (uint64_t)k);
	draw_parents(&d, s, &r);
	if (d.task.parent_count == 0)
		return 0;
	d.task.domain = &s->domain;
	d.task.random = &r;
	rc = m->propose(&p, &d.task, e);
	if (rc == 1 && p.tune && known_structure(s, &p) && random_below(&r, RETUNE_ONE_IN) != 0)
		rc = 0;
	if (rc == 1) {
		c = candidate_new(s, CANDIDATE_CHILD, k, &p, m->name);
		adopt(c, &d);
		s->proposed++;
		candidate_begin(c);
	}
	s->fruitless += rc == 0;
	mutator_proposal_release(&p);
	draw_release(&d);
	return rc;
}

void proposer_close(struct search *s)
{
	free(s->memory);
	s->memory = NULL;
}
