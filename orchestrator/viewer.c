#include "orchestrator/viewer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"

static int read_manifest(struct viewer *v, struct err *e)
{
	char *text = NULL;
	cJSON *json = NULL;
	int rc = archive_meta(&text, v->archive, "manifest", e);

	if (rc >= 0)
		rc = text ? json_parse(&json, text, strlen(text), e)
			  : err_set(e, ERR_FORMAT, "%s holds no declarations of its evaluator",
				    v->path);
	if (rc >= 0)
		rc = manifest_from_json(&v->manifest, json, e);
	cJSON_Delete(json);
	free(text);
	return rc < 0 ? rc : 0;
}

static void read_settings(struct viewer *v)
{
	char *text = NULL, *dir = NULL;

	campaign_init(&v->settings);
	v->has_settings = archive_meta(&text, v->archive, "settings", NULL) >= 0 && text &&
		archive_meta(&dir, v->archive, "problem_dir", NULL) >= 0 && dir &&
		campaign_parse(&v->settings, text, v->path, dir, NULL) >= 0;
	if (!v->has_settings) {
		campaign_release(&v->settings);
		campaign_init(&v->settings);
	}
	free(text);
	free(dir);
}

int viewer_open(struct viewer *out, const char *path, struct err *e)
{
	struct viewer v = { .path = path };
	int rc = archive_open(&v.archive, path, ARCHIVE_READ, e);

	if (rc >= 0)
		rc = read_manifest(&v, e);
	if (rc < 0) {
		archive_close(v.archive);
		return rc;
	}
	read_settings(&v);
	*out = v;
	return 0;
}

void viewer_close(struct viewer *v)
{
	archive_close(v->archive);
	manifest_free(v->manifest);
	campaign_release(&v->settings);
	*v = (struct viewer){ 0 };
}

int viewer_program(struct archive_program *out, struct viewer *v, const char *id, bool with_source,
	struct err *e)
{
	int64_t row = 0;
	int rc = archive_resolve(&row, v->archive, id, e);

	if (rc >= 0)
		rc = archive_program(out, v->archive, row, with_source, e);
	if (rc == 0)
		return err_set(e, ERR_MISSING, "there is no program %s", id);
	return rc < 0 ? rc : 0;
}

void viewer_short(char out[VIEWER_SHORT], const struct hash *name)
{
	char hex[HASH_HEX];

	hash_hex(hex, name);
	memcpy(out, hex, VIEWER_SHORT - 1);
	out[VIEWER_SHORT - 1] = 0;
}

const struct clade_metric *viewer_fitness(const struct viewer *v)
{
	return &v->manifest->metrics[v->manifest->fitness_index];
}

const struct clade_metric *viewer_metric(const struct viewer *v, const char *name)
{
	for (int i = 0; i < v->manifest->metric_count; i++) {
		if (strcmp(v->manifest->metrics[i].name, name) == 0)
			return &v->manifest->metrics[i];
	}
	return NULL;
}

void viewer_value(
	char out[128], const struct clade_metric *m, double value, double low, double high)
{
	/* not "digits 9.3 digits" */
	const char *unit = m && m->unit && !text_equal(m->unit, m->name) ? m->unit : "";
	int used;

	if (!isfinite(value)) {
		snprintf(out, 128, "-");
		return;
	}
	used = snprintf(out, 128, "%.6g%s%s", value, *unit ? " " : "", unit);
	if (isfinite(low) && isfinite(high) && low < high)
		snprintf(out + used, 128 - (size_t)used, " [%.4g, %.4g]", low, high);
}

void viewer_score(char out[128], const struct viewer *v, const struct archive_program *p)
{
	viewer_value(out, viewer_fitness(v), p->fitness, p->fitness_low, p->fitness_high);
}

cJSON *viewer_json(const struct viewer *v, const struct archive_program *p)
{
	cJSON *o = cJSON_CreateObject(), *features;
	const struct grid *g = archive_grid(v->archive);
	char hex[HASH_HEX], cell[128];

	hash_hex(hex, &p->name);
	json_put_text(o, "id", hex);
	json_put_double(o, "score", p->fitness);
	json_put_double(o, "low", p->fitness_low);
	json_put_double(o, "high", p->fitness_high);
	if (p->cell >= 0) {
		grid_cell_text(cell, g, p->cell);
		json_put_i64(o, "cell", p->cell);
		json_put_text(o, "cell_text", cell);
	} else {
		json_put_text(o, "cell", NULL);
		json_put_text(o, "cell_text", NULL);
	}
	json_put_text(o, "verdict", p->verdict);
	json_put_text(o, "reason", p->reason);
	json_put_bool(o, "elite", p->elite);
	json_put_i64(o, "proposal", p->proposal);
	json_put_i64(o, "depth", p->depth);
	json_put_text(o, "mutator", p->mutator);
	json_put_text(o, "operation", p->operation);
	features = json_put_object(o, "features");
	for (int i = 0; i < g->axis_count && p->cell >= 0; i++)
		json_put_double(features, g->axes[i].name, p->features[i]);
	return o;
}

cJSON *viewer_references_json(const struct viewer *v)
{
	cJSON *list = cJSON_CreateArray();

	for (int i = 0; i < v->settings.references.count; i++) {
		const struct campaign_reference *r = &v->settings.references.rows[i];
		cJSON *row = cJSON_CreateObject();

		json_put_text(row, "name", r->name);
		json_put_text(row, "metric", r->metric);
		json_put_double(row, "value", r->value);
		json_put_text(row, "source", r->source);
		cJSON_AddItemToArray(list, row);
	}
	return list;
}
