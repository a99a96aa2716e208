#include "orchestrator/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "evaluators/manifest.h"
#include "orchestrator/campaign.h"

static int stored_manifest(struct manifest **out, struct archive *a, struct err *e)
{
	char *text = NULL;
	cJSON *json = NULL;
	int rc = archive_meta(&text, a, "manifest", e);

	if (rc >= 0)
		rc = text == NULL ? err_set(e, ERR_FORMAT, "no declarations in the campaign file") : json_parse(&json, text, strlen(text), e);
	if (rc >= 0)
		rc = manifest_from_json(out, json, e);
	cJSON_Delete(json);
	free(text);
	return rc;
}

static void print_best(const struct archive_totals *t, const struct archive_program *best, const struct clade_metric *m)
{
	char hex[HASH_HEX];
	char interval[64] = "";

	hash_hex(hex, &best->name);
	if (t->best_low < t->best_high)
		snprintf(interval, sizeof interval, " [%.4g, %.4g]", t->best_low, t->best_high);
	printf("  best        %.12s  %s %.6g%s %s  (seed %.6g)  %d step%s from the seed\n", hex, m->name, t->best, interval, m->unit,
		t->seed_fitness, best->depth, best->depth == 1 ? "" : "s");
}

static void print_references(const struct campaign *c, const struct manifest *m)
{
	for (int i = 0; i < c->references.count; i++) {
		const struct campaign_reference *r = &c->references.rows[i];
		const char *metric = r->metric != NULL ? r->metric : m->fitness;

		printf("  reference   %-40s %s %.6g%s%s%s\n", r->name, metric, r->value, r->source != NULL ? "  (" : "",
			r->source != NULL ? r->source : "", r->source != NULL ? ")" : "");
	}
}

static const char *end_name(enum engine_end end)
{
	static const char *const names[] = { "finished", "stopped", "failed", "seed refused" };

	return names[end];
}

static void print_text(const struct campaign *c, const char *path, enum engine_end end, const struct archive_totals *t, const struct archive_program *best, const struct manifest *m)
{
	char span[32];

	text_human_span(span, t->elapsed_ns);
	printf("%s: %s after %s, %lld evaluations, %lld duplicates skipped, %lld of %lld cells\n", m->name, end_name(end), span,
		(long long)t->evaluations, (long long)(t->duplicates_token + t->duplicates_object),
		(long long)t->cells_filled, (long long)t->cells);
	if (t->best_id != 0)
		print_best(t, best, &m->metrics[m->fitness_index]);
	print_references(c, m);
	if (end == ENGINE_STOPPED)
		printf("  go on       clade resume %s\n", path);
	else
		printf("  go on       clade resume %s --wall 10m\n", path);
	if (t->best_id != 0 && best->depth > 0)
		printf("  take it     clade show %s best; clade export %s --patch best.patch\n", path, path);
}

static void print_json(const char *path, enum engine_end end, const struct archive_totals *t, const struct archive_program *best)
{
	cJSON *o = cJSON_CreateObject();
	char hex[HASH_HEX];
	char *text;

	json_put_text(o, "state", end_name(end));
	json_put_text(o, "file", path);
	json_put_i64(o, "evaluations", t->evaluations);
	json_put_i64(o, "duplicates", t->duplicates_token + t->duplicates_object);
	json_put_i64(o, "cells", t->cells_filled);
	json_put_double(o, "seed", t->seed_fitness);
	if (t->best_id != 0) {
		cJSON *b = json_put_object(o, "best");

		hash_hex(hex, &best->name);
		json_put_text(b, "id", hex);
		json_put_double(b, "score", t->best);
		json_put_double(b, "low", t->best_low);
		json_put_double(b, "high", t->best_high);
	}
	text = json_text(o);
	puts(text);
	free(text);
	cJSON_Delete(o);
}

int summary_print(const struct campaign *c, const char *path, enum engine_end end, int json, struct err *e)
{
	struct archive *a = NULL;
	struct manifest *m = NULL;
	struct archive_totals t;
	struct archive_program best = { 0 };
	int rc = archive_open(&a, path, ARCHIVE_READ, e);

	if (rc >= 0)
		rc = archive_totals(&t, a, e);
	if (rc >= 0)
		rc = stored_manifest(&m, a, e);
	if (rc >= 0 && t.best_id != 0)
		rc = archive_program(&best, a, t.best_id, false, e);
	if (rc >= 0 && json)
		print_json(path, end, &t, &best);
	else if (rc >= 0)
		print_text(c, path, end, &t, &best, m);
	archive_program_release(&best);
	manifest_free(m);
	archive_close(a);
	return rc < 0 ? rc : 0;
}
