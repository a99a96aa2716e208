#include "orchestrator/placing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "mutators/syntax.h"
#include "orchestrator/candidate.h"
#include "orchestrator/search.h"

static enum grid_scale grid_scale_of(enum clade_scale scale)
{
	switch (scale) {
	case CLADE_LOG2: return GRID_LOG2;
	case CLADE_LOG10: return GRID_LOG10;
	default: return GRID_LINEAR;
	}
}

void placing_grid(struct grid *out, const struct manifest *m)
{
	*out = (struct grid){ .axis_count = m->feature_count };
	for (int i = 0; i < m->feature_count; i++) {
		const struct clade_feature *f = &m->features[i];
		struct grid_axis *a = &out->axes[i];

		snprintf(a->name, sizeof a->name, "%s", f->name);
		snprintf(a->unit, sizeof a->unit, "%s", f->unit != NULL ? f->unit : "");
		a->low = f->low;
		a->high = f->high;
		a->bins = f->bins;
		a->scale = grid_scale_of(f->scale);
		a->refuse = f->outside == CLADE_REFUSE;
	}
}

static unsigned groups_used(const struct search *s, const struct syntax_features *f)
{
	unsigned groups = 0;

	for (int i = 0; i < s->manifest->terminal_count; i++)
		if (f->terminals_used[i / 32] >> (i % 32) & 1u)
			groups |= s->manifest->terminals[i].group;
	return groups;
}

static double best_class(const struct candidate *c)
{
	int best = -1;

	for (int i = 0; i < c->class_count; i++)
		if (isfinite(c->class_ratio[i]) && (best < 0 || c->class_ratio[i] > c->class_ratio[best]))
			best = i;
	return best < 0 ? NAN : best;
}

static double metric_named(const struct candidate *c, const char *name)
{
	const struct manifest *m = c->search->manifest;

	for (int i = 0; i < m->metric_count; i++)
		if (strcmp(m->metrics[i].name, name) == 0)
			return c->metrics[i];
	return NAN;
}

static double feature_value(const struct candidate *c, const struct clade_feature *f, const struct syntax_features *text)
{
	switch (f->source) {
	case CLADE_FROM_METRIC: return metric_named(c, f->name);
	case CLADE_FROM_OPERATIONS: return text->operations;
	case CLADE_FROM_TERMINALS: return text->terminals;
	case CLADE_FROM_TERMINAL_GROUPS: return groups_used(c->search, text);
	case CLADE_FROM_CODE_BYTES: return (double)c->code_bytes;
	case CLADE_FROM_BEST_CLASS: return best_class(c);
	}
	return NAN;
}

int placing_cell(enum verdict *verdict, char reason[256], struct candidate *c, struct err *e)
{
	struct search *s = c->search;
	struct syntax_features text = { 0 };
	struct region inner;
	struct err why = { 0 };
	int rc = region_check(&inner, s->seed_text, s->seed_bytes, s->region, c->made.source, c->made.source_bytes, e);

	if (rc == 0)
		rc = syntax_measure(&text, c->made.source, c->made.source_bytes, inner, &s->domain, e);
	if (rc < 0)
		return rc;
	for (int i = 0; i < s->manifest->feature_count; i++)
		c->features[i] = feature_value(c, &s->manifest->features[i], &text);
	rc = grid_cell(&c->cell, &c->clamped, &s->grid, c->features, &why);
	if (rc == 1)
		return 0;
	c->cell = -1;
	*verdict = rc == 0 ? VERDICT_FORBIDDEN : VERDICT_WRONG;
	snprintf(reason, 256, "%.255s", why.text);
	return 1;
}

/* Does the elite's cell agree with the features that are known before timing? */
static bool reachable(const struct candidate *c, const struct manifest *m, const int *bins, const int *known)
{
	(void)c;
	for (int i = 0; i < m->feature_count; i++)
		if (known[i] >= 0 && bins[i] != known[i])
			return false;
	return true;
}

/* Bins that are known before timing, -1 where only timing tells; the number of cells that are possible. */
static int64_t known_bins(int known[GRID_AXES_MAX], struct candidate *c)
{
	const struct search *s = c->search;
	int64_t possible = 1;
	double probe[GRID_AXES_MAX];
	int bins[GRID_AXES_MAX];
	int64_t cell;
	int clamped;

	for (int i = 0; i < s->grid.axis_count; i++) {
		enum clade_feature_source from = s->manifest->features[i].source;
		bool later = from == CLADE_FROM_BEST_CLASS || from == CLADE_FROM_METRIC;

		probe[i] = later ? s->grid.axes[i].low : c->features[i];
		known[i] = later ? -1 : 0;
		possible *= later ? s->grid.axes[i].bins : 1;
	}
	if (grid_cell(&cell, &clamped, &s->grid, probe, NULL) != 1)
		return 0;
	grid_bins(bins, &s->grid, cell);
	for (int i = 0; i < s->grid.axis_count; i++)
		if (known[i] == 0)
			known[i] = bins[i];
	return possible;
}

void placing_rival(const struct elite **rival, struct candidate *c)
{
	struct search *s = c->search;
	enum verdict verdict;
	char reason[256];
	int known[GRID_AXES_MAX], bins[GRID_AXES_MAX];
	int64_t possible, filled = 0;
	const struct elite *easiest = NULL;

	*rival = NULL;
	placing_cell(&verdict, reason, c, NULL);      /* for the features that are known; its cell means nothing yet */
	possible = known_bins(known, c);
	for (int i = 0; i < elites_count(s->elites); i++) {
		const struct elite *el = elites_at(s->elites, i);

		grid_bins(bins, &s->grid, el->cell);
		if (!reachable(c, s->manifest, bins, known))
			continue;
		filled++;
		if (easiest == NULL || manifest_better(s->manifest, easiest->fitness, el->fitness))
			easiest = el;
	}
	if (possible > 0 && filled >= possible)
		*rival = easiest;
	c->cell = -1;
	c->clamped = 0;
}
