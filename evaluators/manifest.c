#include "evaluators/manifest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

#define NAMES_MAX 256 /* functions, imports or classes of one manifest */

static void put_names(cJSON *out, const char *key, const char *const *names)
{
	cJSON *array = json_put_array(out, key);

	for (; names && *names; names++)
		cJSON_AddItemToArray(array, cJSON_CreateString(*names));
}

/* A new object at the end of array. */
static cJSON *add_row(cJSON *array)
{
	cJSON *row = cJSON_CreateObject();

	cJSON_AddItemToArray(array, row);
	return row;
}

static void put_metrics(cJSON *out, const struct clade_metric *m)
{
	cJSON *array = json_put_array(out, "metrics");

	for (; m && m->name; m++) {
		cJSON *row = add_row(array);

		json_put_text(row, "name", m->name);
		json_put_text(row, "unit", m->unit);
		json_put_text(row, "text", m->text);
		json_put_i64(row, "direction", m->direction);
		json_put_i64(row, "depends", m->depends);
		json_put_double(row, "bound", m->bound);
	}
}

static void put_features(cJSON *out, const struct clade_feature *f)
{
	cJSON *array = json_put_array(out, "features");

	for (; f && f->name; f++) {
		cJSON *row = add_row(array);

		json_put_text(row, "name", f->name);
		json_put_text(row, "unit", f->unit);
		json_put_text(row, "text", f->text);
		json_put_double(row, "low", f->low);
		json_put_double(row, "high", f->high);
		json_put_i64(row, "bins", f->bins);
		json_put_i64(row, "scale", f->scale);
		json_put_i64(row, "outside", f->outside);
		json_put_i64(row, "source", f->source);
	}
}

static void put_terminals(cJSON *out, const struct clade_terminal *t)
{
	cJSON *array = json_put_array(out, "terminals");

	for (; t && t->text; t++) {
		cJSON *row = add_row(array);

		json_put_text(row, "text", t->text);
		json_put_text(row, "type", t->type);
		json_put_text(row, "meaning", t->meaning);
		json_put_i64(row, "group", t->group);
	}
}

cJSON *manifest_to_json(const struct clade_evaluator *v)
{
	cJSON *out = cJSON_CreateObject();

	json_put_text(out, "name", v->name);
	json_put_text(out, "summary", v->summary);
	json_put_text(out, "fitness", v->fitness);
	json_put_i64(out, "kind", v->kind);
	json_put_i64(out, "syntax", v->syntax);
	json_put_bool(out, "timed", v->timed != 0);
	json_put_i64(out, "residual_count", v->residuals ? v->residual_count : 0);
	put_names(out, "functions", v->functions);
	put_names(out, "imports", v->imports);
	put_names(out, "classes", v->classes);
	put_metrics(out, v->metrics);
	put_features(out, v->features);
	put_terminals(out, v->terminals);
	return out;
}

/* An integer of 0..most. */
static int read_number(int *out, const cJSON *object, const char *key, int64_t most, struct err *e)
{
	int64_t value;
	int rc = json_i64_at(&value, object, key, e);

	if (rc < 0)
		return rc;
	if (value < 0 || value > most)
		return err_set(e, ERR_FORMAT, "%s %lld is out of range", key, (long long)value);
	*out = (int)value;
	return 0;
}

/* A text the caller owns; an absent or null one is empty unless it is needed. */
static int read_text(
	const char **out, const cJSON *object, const char *key, bool needed, struct err *e)
{
	const char *text = json_text_or(object, key, needed ? NULL : "");

	if (!text)
		return err_set(e, ERR_FORMAT, "JSON: key \"%s\" is missing", key);
	*out = text_copy(text);
	return 0;
}

static int read_names(char ***out, const cJSON *object, const char *key, struct err *e)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, key), *item;
	int count = cJSON_GetArraySize(array), i = 0;
	char **names;

	if (!cJSON_IsArray(array) || count > NAMES_MAX)
		return err_set(e, ERR_FORMAT, "%s is no list of at most %d names", key, NAMES_MAX);
	*out = names = memory_array((size_t)count + 1, sizeof(*names));
	cJSON_ArrayForEach (item, array) {
		if (!cJSON_IsString(item))
			return err_set(e, ERR_FORMAT, "%s holds something that is no text", key);
		names[i++] = text_copy(item->valuestring);
	}
	return 0;
}

static int read_metric(struct clade_metric *m, const cJSON *row, struct err *e)
{
	int direction = 0, depends = 0, rc;

	if ((rc = read_text(&m->name, row, "name", true, e)) < 0 ||
		(rc = read_text(&m->unit, row, "unit", false, e)) < 0 ||
		(rc = read_text(&m->text, row, "text", false, e)) < 0 ||
		(rc = read_number(&direction, row, "direction", CLADE_MINIMISE, e)) < 0 ||
		(rc = read_number(&depends, row, "depends", CLADE_CODE, e)) < 0)
		return rc;
	m->direction = (enum clade_direction)direction;
	m->depends = (enum clade_depends)depends;
	return json_double_at(&m->bound, row, "bound", e);
}

static int read_feature(struct clade_feature *f, const cJSON *row, struct err *e)
{
	int scale = 0, outside = 0, source = 0, rc;

	if ((rc = read_text(&f->name, row, "name", true, e)) < 0 ||
		(rc = read_text(&f->unit, row, "unit", false, e)) < 0 ||
		(rc = read_text(&f->text, row, "text", false, e)) < 0 ||
		(rc = json_double_at(&f->low, row, "low", e)) < 0 ||
		(rc = json_double_at(&f->high, row, "high", e)) < 0 ||
		(rc = read_number(&f->bins, row, "bins", 256, e)) < 0 ||
		(rc = read_number(&scale, row, "scale", CLADE_LOG10, e)) < 0 ||
		(rc = read_number(&outside, row, "outside", CLADE_REFUSE, e)) < 0 ||
		(rc = read_number(&source, row, "source", CLADE_FROM_BEST_CLASS, e)) < 0)
		return rc;
	if (!(f->low < f->high) || f->bins < 1)
		return err_set(e, ERR_FORMAT, "feature %s: its range is empty", f->name);
	f->scale = (enum clade_scale)scale;
	f->outside = (enum clade_outside)outside;
	f->source = (enum clade_feature_source)source;
	return 0;
}

static int read_terminal(struct clade_terminal *t, const cJSON *row, struct err *e)
{
	int64_t group = json_i64_or(row, "group", 0);
	int rc;

	if ((rc = read_text(&t->text, row, "text", true, e)) < 0 ||
		(rc = read_text(&t->type, row, "type", true, e)) < 0)
		return rc;
	t->group = (unsigned)group;
	return read_text(&t->meaning, row, "meaning", false, e);
}

static int check_rows(const cJSON *json, const char *key, int most, struct err *e)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(json, key);

	if (!cJSON_IsArray(array) || cJSON_GetArraySize(array) > most)
		return err_set(e, ERR_FORMAT, "%s is no list of at most %d rows", key, most);
	return 0;
}

static int read_lists(struct manifest *m, const cJSON *json, struct err *e)
{
	const cJSON *row;
	int rc = check_rows(json, "metrics", CLADE_METRICS_MAX, e);

	if (rc == 0)
		rc = check_rows(json, "features", CLADE_FEATURES_MAX, e);
	if (rc == 0)
		rc = check_rows(json, "terminals", CLADE_TERMINALS_MAX, e);
	if (rc < 0)
		return rc;
	cJSON_ArrayForEach (row, cJSON_GetObjectItemCaseSensitive(json, "metrics")) {
		if ((rc = read_metric(&m->metrics[m->metric_count++], row, e)) < 0)
			return rc;
	}
	cJSON_ArrayForEach (row, cJSON_GetObjectItemCaseSensitive(json, "features")) {
		if ((rc = read_feature(&m->features[m->feature_count++], row, e)) < 0)
			return rc;
	}
	cJSON_ArrayForEach (row, cJSON_GetObjectItemCaseSensitive(json, "terminals")) {
		if ((rc = read_terminal(&m->terminals[m->terminal_count++], row, e)) < 0)
			return rc;
	}
	return 0;
}

static int read_all(struct manifest *m, const cJSON *json, struct err *e)
{
	int kind = 0, syntax = 0, rc;

	if ((rc = read_text((const char **)&m->name, json, "name", true, e)) < 0 ||
		(rc = read_text((const char **)&m->summary, json, "summary", false, e)) < 0 ||
		(rc = read_text((const char **)&m->fitness, json, "fitness", true, e)) < 0 ||
		(rc = read_number(&kind, json, "kind", CLADE_KIND_ANY, e)) < 0 ||
		(rc = read_number(&syntax, json, "syntax", CLADE_SYNTAX_ALL, e)) < 0 ||
		(rc = read_number(&m->residual_count, json, "residual_count", 1 << 20, e)) < 0 ||
		(rc = json_bool_at(&m->timed, json, "timed", e)) < 0 ||
		(rc = read_names(&m->functions, json, "functions", e)) < 0 ||
		(rc = read_names(&m->imports, json, "imports", e)) < 0 ||
		(rc = read_names(&m->classes, json, "classes", e)) < 0 ||
		(rc = read_lists(m, json, e)) < 0)
		return rc;
	m->kind = (enum clade_kind)kind;
	m->syntax = (unsigned)syntax;
	m->has_residuals = m->residual_count > 0;
	m->fitness_index = -1;
	for (int i = 0; i < m->metric_count; i++) {
		if (text_equal(m->metrics[i].name, m->fitness))
			m->fitness_index = i;
	}
	if (m->fitness_index < 0)
		return err_set(e, ERR_FORMAT, "the fitness metric %s is not among the metrics",
			m->fitness);
	return 0;
}

int manifest_from_json(struct manifest **out, const cJSON *json, struct err *e)
{
	struct manifest *m = memory_alloc(sizeof(*m));
	int rc = read_all(m, json, e);

	if (rc < 0) {
		manifest_free(m);
		err_in(e, "manifest");
		return rc;
	}
	*out = m;
	return 0;
}

static void free_names(char **names)
{
	for (char **at = names; at && *at; at++)
		free(*at);
	free(names);
}

/* The manifest's own copies are const only because the plug-in's tables are. */
static void free_text(const char *text)
{
	free((char *)(uintptr_t)text);
}

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	free(m->name);
	free(m->summary);
	free(m->fitness);
	free_names(m->functions);
	free_names(m->imports);
	free_names(m->classes);
	for (int i = 0; i < m->metric_count; i++) {
		free_text(m->metrics[i].name);
		free_text(m->metrics[i].unit);
		free_text(m->metrics[i].text);
	}
	for (int i = 0; i < m->feature_count; i++) {
		free_text(m->features[i].name);
		free_text(m->features[i].unit);
		free_text(m->features[i].text);
	}
	for (int i = 0; i < m->terminal_count; i++) {
		free_text(m->terminals[i].text);
		free_text(m->terminals[i].type);
		free_text(m->terminals[i].meaning);
	}
	free(m);
}

bool manifest_better(const struct manifest *m, double a, double b)
{
	if (isnan(a))
		return false;
	if (isnan(b))
		return true;
	return m->metrics[m->fitness_index].direction == CLADE_MAXIMISE ? a > b : a < b;
}
