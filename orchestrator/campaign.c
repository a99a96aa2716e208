#include "orchestrator/campaign.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/plugin.h"
#include "orchestrator/settings_tree.h"
#include "orchestrator/yaml_tree.h"

#define LAYER_MARK "#clade:"
#define LAYER_PROBLEM LAYER_MARK "problem "
#define LAYER_FILE LAYER_MARK "file "
#define LAYER_SET LAYER_MARK "set"
#define CAMPAIGN_FILE "campaign.yaml"
#define SQLITE_MAGIC "SQLite format 3"
/* Stored texts: three layers, the last of which grows by a line for each setting of a resume. */
#define CAMPAIGN_TEXT_MAX (8u << 20)

void campaign_init(struct campaign *c)
{
	*c = (struct campaign){ 0 };
	for (const struct option *o = option_table; o->path; o++)
		option_default(c, o, NULL);
}

void campaign_release(struct campaign *c)
{
	for (const struct option *o = option_table; o->path; o++)
		option_clear(c, o);
	free(c->problem_dir);
	free(c->text);
	free(c->path);
	free(c->base_dir);
	free(c->file_given);
	free(c->file_dir);
	*c = (struct campaign){ 0 };
}

/* ---- the text that is kept ---- */

/* Append "mark\ntext\n". */
static void keep_layer(struct campaign *c, const char *mark, const char *path, const char *text)
{
	size_t size = strlen(text);
	char *all = text_format("%s%s%s\n%s%s", c->text ? c->text : "", mark, path, text,
		size && text[size - 1] != '\n' ? "\n" : "");

	free(c->text);
	c->text = all;
}

/*
 * A YAML double-quoted text. Control characters but newline and tab never come here (option_set
 * refuses them).
 */
static char *quoted(const char *value)
{
	struct buffer b;

	buffer_init(&b, CAMPAIGN_TEXT_MAX);
	buffer_add_text(&b, "\"");
	for (const char *p = value; *p; p++) {
		if (*p == '"' || *p == '\\')
			buffer_format(&b, "\\%c", *p);
		else if (*p == '\n' || *p == '\t')
			buffer_add_text(&b, *p == '\n' ? "\\n" : "\\t");
		else
			buffer_add(&b, p, 1);
	}
	buffer_add_text(&b, "\"");
	return buffer_take(&b);
}

static bool ends_in_set_layer(const char *text)
{
	const char *last = NULL;

	for (const char *at = text; (at = strstr(at, LAYER_MARK)) != NULL; at++) {
		if (at == text || at[-1] == '\n')
			last = at;
	}
	return last && text_has_prefix(last, LAYER_SET);
}

void campaign_remember(struct campaign *c, const char *path, const char *value)
{
	char *key = quoted(path), *text = quoted(value), *line = text_format("%s: %s\n", key, text),
	     *all;

	if (!c->text || !ends_in_set_layer(c->text)) {
		keep_layer(c, LAYER_SET, "", line);
	} else {
		all = text_format("%s%s", c->text, line);
		free(c->text);
		c->text = all;
	}
	free(line);
	free(text);
	free(key);
}

/* ---- layers ---- */

struct layer {
	const char *text;
	size_t size;          /* borrowed */
	const char *file;     /* for errors */
	const char *base_dir; /* NULL: the current folder */
	bool repeats;
};

static void set_base(struct campaign *c, const char *base_dir)
{
	free(c->base_dir);
	c->base_dir = text_copy(base_dir);
}

static int apply_layer(
	struct campaign *c, const struct layer *l, const struct yaml_tree *tree, struct err *e)
{
	char *problem = text_copy(c->problem);
	int rc;

	if (!tree) {
		free(problem);
		return 0;
	}
	set_base(c, l->base_dir);
	rc = settings_tree_apply(c, tree, l->file, l->repeats, e);
	set_base(c, NULL);
	/*
	 * The problem has a folder already, and its name is that folder's; the setting only led
	 * there.
	 */
	if (problem) {
		free(c->problem);
		c->problem = problem;
	}
	return rc;
}

static int parse_layer(struct yaml_tree **tree, const struct layer *l, struct err *e)
{
	char *text = text_copy_n(l->text, l->size); /* the parser wants the NUL */
	int rc = yaml_tree_parse(tree, text, l->size, l->file, l->repeats, e);

	free(text);
	return rc;
}

static int read_layer(struct campaign *c, const struct layer *l, struct err *e)
{
	struct yaml_tree *tree = NULL;
	int rc = parse_layer(&tree, l, e);

	if (rc == 0)
		rc = apply_layer(c, l, tree, e);
	yaml_tree_free(tree);
	return rc;
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return getcwd(NULL, 0);
	return slash == path ? text_copy("/") : text_copy_n(path, (size_t)(slash - path));
}

static void set_problem_dir(struct campaign *c, char *dir)
{
	free(c->problem_dir);
	c->problem_dir = dir;
	free(c->problem);
	c->problem = text_copy(strrchr(dir, '/') + 1);
}

static int read_text(char **text, size_t *size, const char *path, struct err *e)
{
	int rc = fdio_read_file(text, size, path, YAML_TREE_BYTES_MAX, e);

	if (rc == 0 && *size >= strlen(SQLITE_MAGIC) &&
		memcmp(*text, SQLITE_MAGIC, strlen(SQLITE_MAGIC)) == 0) {
		free(*text);
		*text = NULL;
		rc = err_set(e, ERR_ARGS,
			"%s is a campaign that was begun already: clade resume %s goes on with it",
			path, path);
	}
	return rc;
}

/* The problem's own campaign.yaml: the lowest layer. problem_dir is set. */
static int load_problem(struct campaign *c, struct err *e)
{
	char *path = text_format("%s/" CAMPAIGN_FILE, c->problem_dir), *text = NULL;
	struct layer layer = { .file = path, .base_dir = c->problem_dir };
	int rc = read_text(&text, &layer.size, path, e);

	if (rc == 0) {
		layer.text = text;
		rc = read_layer(c, &layer, e);
	}
	if (rc == 0) {
		keep_layer(c, LAYER_PROBLEM, path, text);
		if (!c->file) {
			set_base(c, c->problem_dir);
			rc = option_set(c, "source.file", "seed.c",
				(struct option_origin){ path, 1, 1 }, e);
			set_base(c, NULL);
		}
	}
	free(text);
	free(path);
	return rc;
}

/*
 * The file's `problem:`, relative to the file's folder where it is a path; the folder that the file
 * lies in when there is none.
 */
static int find_problem(
	char **dir, const struct yaml_tree *tree, const struct layer *l, struct err *e)
{
	const struct yaml_tree *found = NULL;
	char *path = NULL;
	int rc;

	for (int i = 0; tree && tree->kind == YAML_TREE_MAPPING && i < tree->count; i++) {
		if (strcmp(tree->children[i].key, "problem") == 0)
			found = &tree->children[i];
	}
	if (!found) {
		rc = plugin_find_problem(dir, l->base_dir, NULL);
		return rc == 0
			? 0
			: err_set(e, ERR_ARGS,
				  "%s:1:1: no 'problem:' is named, and the file lies in no problem folder",
				  l->file);
	}
	if (found->kind != YAML_TREE_SCALAR || !*found->text)
		return err_set(e, ERR_ARGS,
			"%s:%d:%d: problem: a built-in's name or a folder is wanted here", l->file,
			found->line, found->column);
	if (strchr(found->text, '/') && found->text[0] != '/')
		path = text_format("%s/%s", l->base_dir, found->text);
	rc = plugin_find_problem(dir, path ? path : found->text, e);
	if (rc < 0)
		err_in(e, "%s:%d:%d", l->file, found->line, found->column);
	free(path);
	return rc;
}

/* A user's file over its problem's. */
static int load_text(struct campaign *c, const struct layer *l, const char *kept_as, struct err *e)
{
	struct yaml_tree *tree = NULL;
	char *dir = NULL, *text = NULL;
	int rc = parse_layer(&tree, l, e);

	if (rc == 0)
		rc = find_problem(&dir, tree, l, e);
	if (rc == 0) {
		set_problem_dir(c, dir);
		rc = load_problem(c, e);
	}
	if (rc == 0)
		rc = apply_layer(c, l, tree, e);
	if (rc == 0) {
		text = text_copy_n(l->text, l->size);
		keep_layer(c, LAYER_FILE, kept_as, text);
	}
	free(text);
	yaml_tree_free(tree);
	return rc;
}

static int load_file(struct campaign *c, const char *path, struct err *e)
{
	char *real = realpath(path, NULL), *base = NULL, *text = NULL, *dir = NULL;
	struct layer layer = { .file = path };
	int rc;

	if (!real)
		return err_errno(e, ERR_MISSING, "%s", path);
	base = folder_of(real);
	layer.base_dir = base;
	c->path = text_copy(real);
	/* campaign.yaml of a problem folder is that problem's, whatever name it goes by. */
	if (text_equal(strrchr(real, '/') + 1, CAMPAIGN_FILE) &&
		plugin_find_problem(&dir, base, NULL) == 0) {
		set_problem_dir(c, dir);
		rc = load_problem(c, e);
	} else {
		rc = read_text(&text, &layer.size, path, e);
		layer.text = text;
		if (rc == 0)
			rc = load_text(c, &layer, real, e);
	}
	free(text);
	free(base);
	free(real);
	return rc;
}

static bool is_builtin(const char *name)
{
	char **names = plugin_names();
	bool found = false;

	for (int i = 0; names[i]; i++) {
		found = found || strcmp(names[i], name) == 0;
		free(names[i]);
	}
	free(names);
	return found;
}

int campaign_load(struct campaign *c, const char *name_or_path, struct err *e)
{
	bool builtin = is_builtin(name_or_path);
	struct stat st;
	char *dir = NULL;
	int rc;

	if (!builtin && stat(name_or_path, &st) == 0 && S_ISREG(st.st_mode))
		return load_file(c, name_or_path, e);
	rc = plugin_find_problem(&dir, name_or_path, e);
	if (rc < 0)
		return rc;
	set_problem_dir(c, dir);
	if (!builtin)
		c->path = text_format("%s/" CAMPAIGN_FILE, dir);
	return load_problem(c, e);
}

/* ---- from the archive ---- */

/* The next line that begins with the mark, or the text's end. */
static const char *next_mark(const char *at)
{
	while (*at && !text_has_prefix(at, LAYER_MARK)) {
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return at;
}

/* A problem folder that has moved since, as an installation does, is looked for by its name. */
static int restore_problem_dir(struct campaign *c, const char *path, struct err *e)
{
	char *dir = folder_of(path), *found = NULL;
	int rc = plugin_find_problem(&found, dir, e);

	if (rc < 0)
		rc = plugin_find_problem(&found, strrchr(dir, '/') + 1, NULL) == 0 ? 0 : rc;
	if (rc == 0)
		set_problem_dir(c, found);
	free(dir);
	return rc;
}

static int restore_layer(struct campaign *c, const char *mark, struct layer *l, struct err *e)
{
	size_t line = strcspn(mark, "\n");
	char *path = NULL, *base = NULL;
	int rc = 0;

	if (text_has_prefix(mark, LAYER_PROBLEM)) {
		path = text_copy_n(mark + strlen(LAYER_PROBLEM), line - strlen(LAYER_PROBLEM));
		rc = restore_problem_dir(c, path, e);
		base = text_copy(c->problem_dir);
	} else if (text_has_prefix(mark, LAYER_FILE)) {
		path = text_copy_n(mark + strlen(LAYER_FILE), line - strlen(LAYER_FILE));
		base = folder_of(path);
		free(c->path);
		c->path = text_copy(path);
	} else {
		path = text_copy("settings of the command line");
		l->repeats = true;
	}
	l->file = path;
	l->base_dir = base;
	if (rc == 0)
		rc = read_layer(c, l, e);
	if (rc == 0 && text_has_prefix(mark, LAYER_PROBLEM) && !c->file) {
		set_base(c, base);
		rc = option_set(
			c, "source.file", "seed.c", (struct option_origin){ path, 1, 1 }, e);
		set_base(c, NULL);
	}
	free(path);
	free(base);
	return rc;
}

static int restore_layers(struct campaign *c, const char *text, struct err *e)
{
	int rc = 0;

	for (const char *mark = text; *mark && rc == 0;) {
		const char *body = mark + strcspn(mark, "\n"), *end;
		struct layer layer = { 0 };

		body += *body == '\n';
		end = next_mark(body);
		layer.text = body;
		layer.size = (size_t)(end - body);
		rc = restore_layer(c, mark, &layer, e);
		mark = end;
	}
	if (rc == 0) {
		free(c->text);
		c->text = text_copy(text);
	}
	return rc;
}

int campaign_parse(struct campaign *c, const char *text, const char *file_name,
	const char *base_dir, struct err *e)
{
	struct layer layer = {
		.text = text, .size = strlen(text), .file = file_name, .base_dir = base_dir
	};
	char *path;
	int rc;

	if (layer.size > CAMPAIGN_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "%s: settings of more than %u bytes", file_name,
			CAMPAIGN_TEXT_MAX);
	if (text_has_prefix(text, LAYER_MARK))
		return restore_layers(c, text, e);
	path = text_format("%s/%s", base_dir,
		strrchr(file_name, '/') ? strrchr(file_name, '/') + 1 : file_name);
	rc = load_text(c, &layer, path, e);
	free(path);
	return rc;
}

/* ---- checks across options ---- */

static int want_file(const char *option, const char *path, bool folder, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_errno(e, ERR_MISSING, "%s: %s", option, path);
	if (folder != S_ISDIR(st.st_mode))
		return err_set(
			e, ERR_ARGS, "%s: %s is %s folder", option, path, folder ? "no" : "a");
	return 0;
}

static int check_support(const struct campaign *c, struct err *e)
{
	for (int i = 0; i < c->support.count; i++) {
		const char *name = c->support.words[i];
		size_t size = strlen(name);
		char *path;
		int rc;

		if (strchr(name, '/') || size < 3 || strcmp(name + size - 2, ".c") != 0)
			return err_set(e, ERR_ARGS,
				"build.support: '%s' is no C file of the problem folder (a name without a path, ending in .c)",
				name);
		path = text_format("%s/%s", c->problem_dir, name);
		rc = want_file("build.support", path, false, e);
		free(path);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static bool is_identifier(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	}
	return true;
}

static int check_source(const struct campaign *c, struct err *e)
{
	if (c->function && !is_identifier(c->function))
		return err_set(e, ERR_ARGS, "markers.function: '%s' is no name of a C function",
			c->function);
	if (!c->file)
		return err_set(e, ERR_ARGS, "source.file: no seed program is named");
	if (c->repo)
		return want_file("source.repo", c->repo, true, e);
	/* With a commit alone the file may exist only there; reading it finds out. */
	return c->commit ? 0 : want_file("source.file", c->file, false, e);
}

static int check_target(const struct campaign *c, struct err *e)
{
	for (int i = 0; i < c->target_flags.count; i++) {
		const char *flag = c->target_flags.words[i];

		/* The box names its own files and plug-ins. */
		if (flag[0] != '-' || text_has_prefix(flag, "-o") ||
			text_has_prefix(flag, "-fplugin") || text_has_prefix(flag, "-wrapper"))
			return err_set(e, ERR_ARGS,
				"target.flags: '%s' is no flag that a target may set", flag);
	}
	return 0;
}

int campaign_check(const struct campaign *c, struct err *e)
{
	int rc;

	if (!c->problem_dir)
		return err_set(e, ERR_ARGS, "problem: no problem is named");
	if (!strstr(c->launcher, "{worker}"))
		return err_set(e, ERR_ARGS,
			"launcher: '%s' holds no {worker}, which stands for the worker's command",
			c->launcher);
	if (c->flags == CAMPAIGN_FLAGS_FREE && c->unit == CAMPAIGN_UNIT_INCLUDED)
		return err_set(e, ERR_ARGS,
			"flags: 'free' does not fit build.unit 'included', since the flags would change the adapter too");
	rc = check_source(c, e);
	if (rc == 0)
		rc = check_target(c, e);
	if (rc == 0 && c->include)
		rc = want_file("build.include", c->include, true, e);
	return rc < 0 ? rc : check_support(c, e);
}
