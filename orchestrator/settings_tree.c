#include "orchestrator/settings_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "orchestrator/campaign.h"
#include "orchestrator/yaml_tree.h"

#define SEEN_MAX 64 /* more than the option table has rows */

struct apply {
	struct campaign *campaign;
	const char *file;
	bool repeats;         /* a set layer: the last of several settings counts */
	char *seen[SEEN_MAX]; /* paths that were set; owned */
	int seen_lines[SEEN_MAX];
	int seen_count;
};

static int at_node(const struct apply *a, const struct yaml_tree *t, struct err *e)
{
	return err_in(e, "%s:%d:%d", a->file, t->line, t->column);
}

static int once(struct apply *a, const struct yaml_tree *t, const char *path, struct err *e)
{
	for (int i = 0; i < a->seen_count && !a->repeats; i++) {
		if (strcmp(a->seen[i], path) == 0) {
			err_set(e, ERR_ARGS, "key '%s' stands here again, first in line %d", path,
				a->seen_lines[i]);
			return at_node(a, t, e);
		}
	}
	if (a->seen_count < SEEN_MAX) {
		a->seen_lines[a->seen_count] = t->line;
		a->seen[a->seen_count++] = text_copy(path);
	}
	return 0;
}

static int wrong_kind(const struct apply *a, const struct yaml_tree *t, const char *path,
	const char *wanted, struct err *e)
{
	static const char *const kinds[] = { "a single value", "a list", "a mapping" };

	err_set(e, ERR_ARGS, "%s: %s is wanted here, not %s", path, wanted,
		t->empty ? "nothing" : kinds[t->kind]);
	return at_node(a, t, e);
}

static int apply_scalar(struct apply *a, const struct yaml_tree *t, const char *path, struct err *e)
{
	if (t->empty)
		return wrong_kind(a, t, path, "a value", e);
	return option_set(a->campaign, path, t->text,
		(struct option_origin){ a->file, t->line, t->column }, e);
}

static int apply_words(
	struct apply *a, const struct option *o, const struct yaml_tree *t, struct err *e)
{
	int rc = 0;

	if (t->kind == YAML_TREE_MAPPING)
		return wrong_kind(a, t, o->path, "a list of words", e);
	option_clear(a->campaign, o);
	for (int i = 0; i < t->count && rc == 0; i++) {
		const struct yaml_tree *word = &t->children[i];

		if (word->kind != YAML_TREE_SCALAR || word->empty)
			return wrong_kind(a, word, o->path, "a word", e);
		rc = option_add_word(a->campaign, o, word->text, e);
		if (rc < 0)
			at_node(a, word, e);
	}
	return rc;
}

static int apply_pairs(
	struct apply *a, const struct option *o, const struct yaml_tree *t, struct err *e)
{
	int rc = 0;

	if (t->kind != YAML_TREE_MAPPING)
		return wrong_kind(a, t, o->path, "a mapping of names and values", e);
	for (int i = 0; i < t->count && rc == 0; i++) {
		const struct yaml_tree *pair = &t->children[i];
		char *path = text_format("%s.%s", o->path, pair->key);

		if (pair->kind != YAML_TREE_SCALAR || pair->empty)
			rc = wrong_kind(a, pair, path, "a value", e);
		else
			rc = apply_scalar(a, pair, path, e);
		free(path);
	}
	return rc;
}

/* One row of references: {name, metric, value, source}. */
static int apply_reference(struct apply *a, const struct yaml_tree *t, struct err *e)
{
	static const char *const keys[] = { "name", "metric", "value", "source" };
	const char *texts[4] = { NULL };
	double value = 0;
	int rc = 0;

	if (t->kind != YAML_TREE_MAPPING)
		return wrong_kind(a, t, "references", "a row {name, metric, value, source}", e);
	for (int i = 0; i < t->count; i++) {
		const struct yaml_tree *field = &t->children[i];
		int k = 0;

		while (k < 4 && strcmp(field->key, keys[k]) != 0)
			k++;
		if (k == 4) {
			const char *nearest = text_nearest(field->key, keys, 4);

			err_set(e, ERR_ARGS, "references: unknown key '%s'; %s%s%s", field->key,
				nearest ? "did you mean '"
					: "it is one of name, metric, value, source",
				nearest ? nearest : "", nearest ? "'?" : "");
			return at_node(a, field, e);
		}
		if (field->kind != YAML_TREE_SCALAR || field->empty)
			return wrong_kind(a, field, "references", "a value", e);
		texts[k] = field->text;
		if (k == 2 && text_parse_double(&value, field->text) < 0) {
			err_set(e, ERR_ARGS, "references: value '%s' is not a number", field->text);
			return at_node(a, field, e);
		}
	}
	if (!texts[0] || !texts[1] || !texts[2])
		rc = err_set(e, ERR_ARGS, "references: a row needs name, metric and value");
	if (rc == 0)
		rc = option_add_reference(a->campaign, texts[0], texts[1], value, texts[3], e);
	return rc < 0 ? at_node(a, t, e) : 0;
}

static int apply_references(
	struct apply *a, const struct option *o, const struct yaml_tree *t, struct err *e)
{
	int rc = 0;

	if (t->kind != YAML_TREE_SEQUENCE)
		return wrong_kind(a, t, o->path, "a list of rows {name, metric, value, source}", e);
	option_clear(a->campaign, o);
	for (int i = 0; i < t->count && rc == 0; i++)
		rc = apply_reference(a, &t->children[i], e);
	return rc;
}

static int apply_option(
	struct apply *a, const struct option *o, const struct yaml_tree *t, struct err *e)
{
	int rc = once(a, t, o->path, e);

	if (rc < 0)
		return rc;
	if (o->type == OPTION_PAIRS)
		return apply_pairs(a, o, t, e);
	if (o->type == OPTION_REFERENCES)
		return apply_references(a, o, t, e);
	if (o->type == OPTION_WORDS && t->kind != YAML_TREE_SCALAR)
		return apply_words(a, o, t, e);
	return t->kind == YAML_TREE_SCALAR ? apply_scalar(a, t, o->path, e)
					   : wrong_kind(a, t, o->path, "a single value", e);
}

/* Does a dotted path of the table begin with path and a dot? */
static bool is_group(const char *path)
{
	size_t size = strlen(path);

	for (const struct option *o = option_table; o->path; o++) {
		if (strncmp(o->path, path, size) == 0 && o->path[size] == '.')
			return true;
	}
	return false;
}

static int unknown_key(
	const struct apply *a, const struct yaml_tree *t, const char *path, struct err *e)
{
	static const char *const groups[] = { "source", "markers", "target", "build", "budget",
		"search", "measure" };
	const char *nearest = t->kind == YAML_TREE_MAPPING
		? text_nearest(path, groups, sizeof groups / sizeof groups[0])
		: NULL;

	nearest = nearest ? nearest : option_nearest(path);
	if (nearest)
		err_set(e, ERR_ARGS, "unknown key '%s'; did you mean '%s'?", path, nearest);
	else
		err_set(e, ERR_ARGS, "unknown key '%s' (clade help options lists them)", path);
	return at_node(a, t, e);
}

static int apply_mapping(
	struct apply *a, const struct yaml_tree *t, const char *prefix, struct err *e)
{
	int rc = 0;

	for (int i = 0; i < t->count && rc == 0; i++) {
		const struct yaml_tree *child = &t->children[i];
		char *path = text_format("%s%s%s", prefix, *prefix ? "." : "", child->key);
		const struct option *o = option_find(path);

		if (o)
			rc = apply_option(a, o, child, e);
		else if (text_has_prefix(path, "parameters.") && child->kind == YAML_TREE_SCALAR)
			rc = apply_scalar(a, child, path, e);
		else if (!is_group(path))
			rc = unknown_key(a, child, path, e);
		else if (child->kind != YAML_TREE_MAPPING)
			rc = wrong_kind(a, child, path, "a mapping", e);
		else
			rc = apply_mapping(a, child, path, e);
		free(path);
	}
	return rc;
}

int settings_tree_apply(struct campaign *c, const struct yaml_tree *t, const char *file,
	bool repeats, struct err *e)
{
	struct apply a = { .campaign = c, .file = file, .repeats = repeats };
	int rc = t->kind == YAML_TREE_MAPPING
		? apply_mapping(&a, t, "", e)
		: wrong_kind(&a, t, "campaign", "a mapping of settings", e);

	for (int i = 0; i < a.seen_count; i++)
		free(a.seen[i]);
	return rc;
}
