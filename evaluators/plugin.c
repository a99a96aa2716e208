#include "evaluators/plugin.h"

#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/plugin_files.h"

#define BUILTINS_MAX 256

/* ---- finding ---- */

static void free_texts(char **texts)
{
	for (char **at = texts; at && *at; at++)
		free(*at);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_listed(char **names, int count, const char *name)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static int add_problems(char **names, int count, const char *root)
{
	DIR *dir = opendir(root);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL && count < BUILTINS_MAX) {
		char *path = text_format("%s/%s", root, entry->d_name);

		if (entry->d_name[0] != '.' && plugin_files_is_problem(path) &&
			!is_listed(names, count, entry->d_name))
			names[count++] = text_copy(entry->d_name);
		free(path);
	}
	if (dir)
		closedir(dir);
	return count;
}

char **plugin_names(void)
{
	char **names = memory_array(BUILTINS_MAX + 1, sizeof(*names)), *roots[4];
	int count = 0;

	plugin_files_roots(roots);
	for (int i = 0; roots[i]; i++)
		count = add_problems(names, count, roots[i]);
	free_texts(roots);
	qsort(names, (size_t)count, sizeof(*names), by_name);
	return names;
}

static int missing(const char *name, struct err *e)
{
	char **names = plugin_names();
	size_t count = 0;
	const char *nearest;
	int rc;

	while (names[count])
		count++;
	nearest = text_nearest(name, (const char *const *)names, count);
	if (nearest)
		rc = err_set(e, ERR_MISSING, "there is no problem '%s'; did you mean '%s'?", name,
			nearest);
	else
		rc = err_set(e, ERR_MISSING,
			"there is no problem '%s': neither a built-in (see clade problems) nor a folder with evaluator.c",
			name);
	free_texts(names);
	free(names);
	return rc;
}

/* A folder, or the folder of a campaign file. */
static char *find_path(const char *path)
{
	struct stat st;
	char *copy, *slash, *out;

	if (stat(path, &st) < 0)
		return NULL;
	if (S_ISDIR(st.st_mode))
		return plugin_files_dir(path);
	copy = text_copy(path);
	slash = strrchr(copy, '/');
	if (slash)
		*slash = 0;
	out = plugin_files_dir(slash ? (*copy ? copy : "/") : ".");
	free(copy);
	return out;
}

int plugin_find_problem(char **dir, const char *name_or_path, struct err *e)
{
	char *found = strchr(name_or_path, '/') ? NULL : plugin_files_builtin(name_or_path);

	if (!found)
		found = find_path(name_or_path);
	if (!found)
		return missing(name_or_path, e);
	*dir = found;
	return 0;
}

/* ---- loading ---- */

static bool is_name(const char *name)
{
	if (!name || !*name)
		return false;
	for (; *name; name++) {
		if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) &&
			*name != '_')
			return false;
	}
	return true;
}

static int check_metrics(const struct clade_evaluator *v, struct err *e)
{
	bool found = false;
	int n = 0;

	for (const struct clade_metric *m = v->metrics; m && m->name; m++, n++) {
		if (!is_name(m->name) || n >= CLADE_METRICS_MAX)
			return err_set(e, ERR_ARGS,
				"metric %d: names are [a-z0-9_]+ and there are at most %d", n,
				CLADE_METRICS_MAX);
		found = found || text_equal(m->name, v->fitness);
		if (v->timed && text_equal(m->name, v->fitness) &&
			(m->depends != CLADE_CODE || m->direction != CLADE_MAXIMISE))
			return err_set(e, ERR_ARGS,
				"fitness %s of a timed evaluator is the ratio to the seed: set CLADE_CODE and CLADE_MAXIMISE",
				m->name);
	}
	return found ? 0 : err_set(e, ERR_ARGS, "fitness must be the name of one of the metrics");
}

static bool has_metric(const struct clade_evaluator *v, const char *name)
{
	for (const struct clade_metric *m = v->metrics; m->name; m++) {
		if (text_equal(m->name, name))
			return true;
	}
	return false;
}

static int check_features(const struct clade_evaluator *v, struct err *e)
{
	int n = 0;

	for (const struct clade_feature *f = v->features; f && f->name; f++, n++) {
		if (!is_name(f->name) || n >= CLADE_FEATURES_MAX)
			return err_set(e, ERR_ARGS,
				"feature %d: names are [a-z0-9_]+ and there are at most %d", n,
				CLADE_FEATURES_MAX);
		if (!(f->low < f->high) || !isfinite(f->low) || !isfinite(f->high) || f->bins < 1 ||
			f->bins > 256)
			return err_set(e, ERR_ARGS, "feature %s: low < high, 1..256 bins", f->name);
		if (f->scale != CLADE_LINEAR && !(f->low > 0))
			return err_set(e, ERR_ARGS, "feature %s: a logarithmic scale needs low > 0",
				f->name);
		if (f->source == CLADE_FROM_METRIC && !has_metric(v, f->name))
			return err_set(e, ERR_ARGS,
				"feature %s is read from a metric, and none has its name", f->name);
	}
	return n > 0 ? 0 : err_set(e, ERR_ARGS, "features needs 1 to %d rows", CLADE_FEATURES_MAX);
}

static int check_callbacks(const struct clade_evaluator *v, struct err *e)
{
	int classes = 0;

	if (!v->timed)
		return v->evaluate
			? 0
			: err_set(e, ERR_ARGS, "set .evaluate, or .timed with .fill and .verify");
	if (!v->fill || !v->verify)
		return err_set(e, ERR_ARGS, "a timed evaluator needs .fill and .verify");
	while (v->classes && v->classes[classes])
		classes++;
	if (classes < 1 || classes > CLADE_CLASSES_MAX)
		return err_set(
			e, ERR_ARGS, "a timed evaluator needs 1 to %d .classes", CLADE_CLASSES_MAX);
	return 0;
}

static int check(const struct clade_evaluator *v, struct err *e)
{
	int terminals = 0, rc;

	if (v->abi != CLADE_EVALUATOR_ABI)
		return err_set(e, ERR_UNSUPPORTED,
			"it is built for evaluator ABI %u, this clade has %d: build it against this clade's <clade/evaluator.h>",
			v->abi, CLADE_EVALUATOR_ABI);
	if (!is_name(v->name))
		return err_set(e, ERR_ARGS, "name must be [a-z0-9_]+");
	if (!v->functions || !v->functions[0])
		return err_set(
			e, ERR_ARGS, "functions must hold the prototypes that a candidate defines");
	if (v->arguments_bytes == 0 || v->results_bytes == 0 || v->call_limit_ns <= 0)
		return err_set(e, ERR_ARGS,
			"arguments_bytes, results_bytes and call_limit_ns must be positive");
	while (v->terminals && v->terminals[terminals].text && terminals <= CLADE_TERMINALS_MAX)
		terminals++;
	if (terminals > CLADE_TERMINALS_MAX)
		return err_set(e, ERR_ARGS, "at most %d terminals", CLADE_TERMINALS_MAX);
	if (v->residuals && v->residual_count < 1)
		return err_set(e, ERR_ARGS, "residuals needs residual_count");
	if ((rc = check_callbacks(v, e)) < 0 || (rc = check_metrics(v, e)) < 0)
		return rc;
	return check_features(v, e);
}

int plugin_load(const struct clade_evaluator **out, const char *so, struct err *e)
{
	void *object = dlopen(so, RTLD_NOW | RTLD_LOCAL);
	const struct clade_evaluator *v;
	int rc;

	if (!object)
		return err_set(e, ERR_MISSING, "evaluator: %s", dlerror());
	v = dlsym(object, "clade_evaluator");
	if (!v)
		return err_set(e, ERR_ARGS, "evaluator %s: it exports no clade_evaluator", so);
	rc = check(v, e);
	if (rc < 0)
		err_in(e, "evaluator %s", so);
	else
		*out = v;
	return rc;
}
