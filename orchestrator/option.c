#include "orchestrator/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/job.h"
#include "orchestrator/campaign.h"

#define OPTION_VALUE_MAX 4096 /* bytes of one value: paths and commands are far shorter */
#define OPTION_WORDS_MAX 64
#define OPTION_PAIRS_MAX 15      /* struct job_configure has room for them and an end */
#define OPTION_REFERENCES_MAX 32 /* rows of a table for people */
#define PARAMETERS "parameters."

static const char *const units_of_code[] = { "separate", "included", NULL };
static const char *const flag_policies[] = { "fixed", "attributes", "free", NULL };
static const char *const parent_rules[] = { "uniform", "rank", NULL };

#define AT(field) offsetof(struct campaign, field)
#define YEAR_S (366.0 * 86400)
#define I64_HIGH 9223372036854774784.0 /* the largest double below 2^63 */

const struct option option_table[] = {
	{ .path = "problem",
		.fixed = 1,
		.type = OPTION_TEXT,
		.offset = AT(problem),
		.text = "a built-in's name or a problem folder; its own campaign.yaml is read first" },
	{ .path = "source.repo",
		.fixed = 1,
		.type = OPTION_PATH,
		.offset = AT(repo),
		.text = "the git repository that holds the seed; source.file is then relative to its root" },
	{ .path = "source.commit",
		.fixed = 1,
		.type = OPTION_TEXT,
		.offset = AT(commit),
		.text = "commit, tag or branch to read the seed from; none: HEAD" },
	{ .path = "source.file",
		.fixed = 1,
		.type = OPTION_PATH,
		.offset = AT(file),
		.text = "the seed program; none: seed.c of the problem" },
	{ .path = "markers.function",
		.fixed = 1,
		.type = OPTION_TEXT,
		.offset = AT(function),
		.text = "evolve this function instead of an EVOLVE-BLOCK" },
	{ .path = "target.compiler",
		.fixed = 1,
		.type = OPTION_TEXT,
		.offset = AT(compiler),
		.fallback = "gcc",
		.text = "compiler of the candidates" },
	{ .path = "target.flags",
		.fixed = 1,
		.type = OPTION_WORDS,
		.offset = AT(target_flags),
		.high = JOB_FLAGS_MAX,
		.fallback = "-O3 -march=native",
		.text = "flags of every compile" },
	{ .path = "target.cpu",
		.type = OPTION_I64,
		.offset = AT(cpu),
		.low = -1,
		.high = 4095,
		.fallback = "-1",
		.unit = "CPU number",
		.text = "first CPU that measures; -1: chosen" },
	{ .path = "build.unit",
		.fixed = 1,
		.type = OPTION_CHOICE,
		.offset = AT(unit),
		.choices = units_of_code,
		.fallback = "separate",
		.text = "candidate and adapter apart, or the adapter includes the candidate" },
	{ .path = "build.include",
		.fixed = 1,
		.type = OPTION_PATH,
		.offset = AT(include),
		.text = "folder of headers that candidates may include, relative to the problem folder" },
	{ .path = "build.support",
		.fixed = 1,
		.type = OPTION_WORDS,
		.offset = AT(support),
		.high = 8,
		.text = "C files of the problem folder compiled beside the adapter" },
	{ .path = "flags",
		.type = OPTION_CHOICE,
		.offset = AT(flags),
		.choices = flag_policies,
		.fallback = "fixed",
		.text = "what may evolve beside the code: nothing, optimisation attributes, or compiler flags too" },
	{ .path = "budget.evaluations",
		.type = OPTION_I64,
		.offset = AT(evaluations),
		.low = 0,
		.high = 1e12,
		.fallback = "0",
		.unit = "evaluations",
		.text = "end after so many evaluations; 0: no limit",
		.alias = "--evaluations" },
	{ .path = "budget.wall",
		.type = OPTION_SPAN,
		.offset = AT(wall_ns),
		.low = 0,
		.high = YEAR_S,
		.fallback = "0",
		.unit = "s",
		.text = "end after this time, all sessions together; 0: no limit",
		.alias = "--wall" },
	{ .path = "workers",
		.type = OPTION_I64,
		.offset = AT(workers),
		.low = 0,
		.high = 256,
		.fallback = "0",
		.unit = "slots",
		.text = "measuring slots; 0: chosen from the machine and the problem",
		.alias = "--workers" },
	{ .path = "compile_slots",
		.type = OPTION_I64,
		.offset = AT(compile_slots),
		.low = 0,
		.high = 256,
		.fallback = "0",
		.unit = "slots",
		.text = "compilations at once; 0: what the measuring slots leave" },
	{ .path = "launcher",
		.type = OPTION_TEXT,
		.offset = AT(launcher),
		.fallback = "{worker}",
		.text = "one command that starts a worker, such as ssh HOST {worker}; {worker} stands for the worker's own command" },
	{ .path = "worker_silence",
		.type = OPTION_SPAN,
		.offset = AT(worker_silence_ns),
		.low = 3,
		.high = 3600,
		.fallback = "20s",
		.unit = "s",
		.text = "a worker that says nothing for so long is dead" },
	{ .path = "job_limit",
		.type = OPTION_SPAN,
		.offset = AT(job_limit_ns),
		.low = 1,
		.high = 86400,
		.fallback = "10m",
		.unit = "s",
		.text = "a worker whose job lasts longer is taken for hung and replaced" },
	{ .path = "seed",
		.fixed = 1,
		.type = OPTION_I64,
		.offset = AT(seed),
		.low = 0,
		.high = I64_HIGH,
		.unit = "number",
		.text = "seed of the random numbers; none: chosen and printed",
		.alias = "--seed" },
	{ .path = "search.parents",
		.type = OPTION_CHOICE,
		.offset = AT(parents),
		.choices = parent_rules,
		.fallback = "rank",
		.text = "how elites are chosen as parents" },
	{ .path = "search.crossover",
		.type = OPTION_DOUBLE,
		.offset = AT(crossover),
		.low = 0,
		.high = 1,
		.fallback = "0.2",
		.unit = "probability",
		.text = "chance of a second parent" },
	{ .path = "measure.delta_min",
		.type = OPTION_DOUBLE,
		.offset = AT(delta_min),
		.low = 0.001,
		.high = 1,
		.fallback = "0.02",
		.unit = "fraction",
		.text = "smallest gain that is worth a replacement" },
	{ .path = "measure.layouts",
		.type = OPTION_I64,
		.offset = AT(layouts),
		.low = 2,
		.high = JOB_LAYOUTS_MAX,
		.fallback = "6",
		.unit = "layouts",
		.text = "fresh code layouts of both sides in a duel" },
	{ .path = "measure.pairs",
		.type = OPTION_I64,
		.offset = AT(pairs),
		.low = 4,
		.high = 1000,
		.fallback = "12",
		.unit = "pairs",
		.text = "timed pairs for each layout" },
	{ .path = "measure.floor",
		.type = OPTION_DOUBLE,
		.offset = AT(floor),
		.low = 0,
		.high = 1,
		.fallback = "0.5",
		.unit = "fraction",
		.text = "an empty cell takes what reaches this share of the best ratio" },
	{ .path = "measure.spinning",
		.type = OPTION_BOOL,
		.offset = AT(spinning),
		.fallback = "false",
		.text = "decisions over a spinning channel where a second CPU can be leased" },
	{ .path = "on_best",
		.type = OPTION_TEXT,
		.offset = AT(on_best),
		.text = "command that is run on a new best",
		.alias = "--on-best" },
	{ .path = "parameters",
		.fixed = 1,
		.type = OPTION_PAIRS,
		.offset = AT(parameters),
		.high = OPTION_PAIRS_MAX,
		.text = "names and values that the evaluator reads" },
	{ .path = "references",
		.type = OPTION_REFERENCES,
		.offset = AT(references),
		.high = OPTION_REFERENCES_MAX,
		.text = "rows {name, metric, value, source} printed beside the results; only in a file" },
	{ .path = NULL },
};

static void *place(struct campaign *c, const struct option *o)
{
	return (char *)c + o->offset;
}

const struct option *option_find(const char *path)
{
	for (const struct option *o = option_table; o->path; o++) {
		if (strcmp(o->path, path) == 0)
			return o;
	}
	return NULL;
}

const struct option *option_by_alias(const char *flag)
{
	for (const struct option *o = option_table; o->path; o++) {
		if (text_equal(o->alias, flag))
			return o;
	}
	return NULL;
}

/* "wall" for "budget.wall": the last word alone is the commonest slip. */
static const char *by_last_word(const char *word)
{
	for (const struct option *o = option_table; o->path; o++) {
		const char *dot = strrchr(o->path, '.');

		if (dot && strcmp(dot + 1, word) == 0)
			return o->path;
	}
	return NULL;
}

const char *option_nearest(const char *path)
{
	const char *paths[sizeof option_table / sizeof option_table[0]];
	const char *dot = strrchr(path, '.'), *found;
	size_t count = 0;

	for (const struct option *o = option_table; o->path; o++)
		paths[count++] = o->path;
	found = text_nearest(path, paths, count);
	return found ? found : by_last_word(dot ? dot + 1 : path);
}

/* ---- values ---- */

static void range_text(char out[96], const struct option *o)
{
	const char *unit = o->unit ? o->unit : "";

	if (o->high >= 1e15)
		snprintf(out, 96, "%.15g or more (%s)", o->low, unit);
	else
		snprintf(out, 96, "%.15g to %.15g (%s)", o->low, o->high, unit);
}

static int out_of_range(const struct option *o, const char *value, struct err *e)
{
	char range[96];

	range_text(range, o);
	return err_set(e, ERR_ARGS, "%s: %s is out of range: %s", o->path, value, range);
}

static int wrong_type(const struct option *o, const char *value, const char *wanted, struct err *e)
{
	return err_set(e, ERR_ARGS, "%s: '%s' is not %s", o->path, value, wanted);
}

static char *absolute(const char *folder, const char *value)
{
	char *cwd, *out;

	if (value[0] == '/')
		return text_copy(value);
	if (folder)
		return text_format("%s/%s", folder, value);
	cwd = getcwd(NULL, 0);
	out = text_format("%s/%s", cwd ? cwd : ".", value);
	free(cwd);
	return out;
}

/* An empty text takes the value back: the default, or none. */
static int set_text(struct campaign *c, const struct option *o, const char *value, struct err *e)
{
	char **at = place(c, o);

	(void)e;
	free(*at);
	*at = text_copy(*value ? value : o->fallback);
	return 0;
}

/*
 * source.file means another place once source.repo is known, so it is resolved anew whenever either
 * changes.
 */
static void resolve_file(struct campaign *c)
{
	size_t root = c->repo ? strlen(c->repo) : 0;

	free(c->file);
	c->file = NULL;
	if (!c->file_given)
		return;
	if (!c->repo)
		c->file = absolute(c->file_dir, c->file_given);
	else if (strncmp(c->file_given, c->repo, root) == 0 && c->file_given[root] == '/')
		c->file = text_copy(c->file_given + root + 1);
	else
		c->file = text_copy(c->file_given);
}

static int set_path(struct campaign *c, const struct option *o, const char *value, struct err *e)
{
	char **at = place(c, o), *made = NULL;

	(void)e;
	if (at == &c->file) {
		free(c->file_given);
		free(c->file_dir);
		c->file_given = *value ? text_copy(value) : NULL;
		c->file_dir = text_copy(c->base_dir);
	} else {
		if (*value)
			made = absolute(
				at == &c->include && c->problem_dir ? c->problem_dir : c->base_dir,
				value);
		free(*at);
		*at = made;
	}
	resolve_file(c);
	return 0;
}

static int set_i64(struct campaign *c, const struct option *o, const char *value, struct err *e)
{
	int64_t *at = place(c, o), number;

	if (text_parse_i64(&number, value) < 0)
		return wrong_type(o, value, "a whole number", e);
	if ((double)number < o->low || (double)number > o->high)
		return out_of_range(o, value, e);
	*at = number;
	if (at == &c->seed)
		c->seed_given = true;
	return 0;
}

static int set_double(struct campaign *c, const struct option *o, const char *value, struct err *e)
{
	double *at = place(c, o), number;

	if (text_parse_double(&number, value) < 0)
		return wrong_type(o, value, "a number", e);
	if (number < o->low || number > o->high)
		return out_of_range(o, value, e);
	*at = number;
	return 0;
}

static int set_span(struct campaign *c, const struct option *o, const char *value, struct err *e)
{
	int64_t *at = place(c, o), span_ns;

	if (text_parse_duration_ns(&span_ns, value) < 0)
		return wrong_type(o, value, "a span of time such as 90s, 5m, 2h or 1d", e);
	if ((double)span_ns < o->low * 1e9 || (double)span_ns > o->high * 1e9)
		return out_of_range(o, value, e);
	*at = span_ns;
	return 0;
}

static int set_bool(struct campaign *c, const struct option *o, const char *value, struct err *e)
{
	bool *at = place(c, o);

	if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return wrong_type(o, value, "true or false", e);
	*at = strcmp(value, "true") == 0;
	return 0;
}

static int set_choice(struct campaign *c, const struct option *o, const char *value, struct err *e)
{
	int *at = place(c, o);
	char known[160] = "";

	for (int i = 0; o->choices[i]; i++) {
		size_t used = strlen(known);

		if (strcmp(o->choices[i], value) == 0) {
			*at = i;
			return 0;
		}
		snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", o->choices[i]);
	}
	return err_set(e, ERR_ARGS, "%s: '%s' is none of %s", o->path, value, known);
}

static void words_release(struct option_words *w)
{
	for (int i = 0; i < w->count; i++)
		free(w->words[i]);
	free(w->words);
	*w = (struct option_words){ 0 };
}

static int words_add(struct option_words *w, const struct option *o, const char *word, size_t size,
	struct err *e)
{
	if (w->count >= (o->high > 0 ? (int)o->high : OPTION_WORDS_MAX))
		return err_set(e, ERR_LIMIT, "%s: more than %d words", o->path, w->count);
	w->words = memory_grow(w->words, (size_t)w->count + 1, sizeof *w->words);
	w->words[w->count++] = text_copy_n(word, size);
	return 0;
}

static int set_words(struct campaign *c, const struct option *o, const char *value, struct err *e)
{
	struct option_words *at = place(c, o), words = { 0 };
	int rc = 0;

	for (const char *p = value; rc == 0 && *p;) {
		size_t space = strspn(p, " \t\n"), size;

		p += space;
		size = strcspn(p, " \t\n");
		if (size > 0)
			rc = words_add(&words, o, p, size, e);
		p += size;
	}
	if (rc < 0) {
		words_release(&words);
		return rc;
	}
	words_release(at);
	*at = words;
	return 0;
}

static int refuse_pairs(
	struct campaign *c, const struct option *o, const char *value, struct err *e)
{
	(void)c;
	(void)value;
	return err_set(e, ERR_ARGS,
		"%s: names and values are wanted here; on the command line --set %s.NAME=VALUE",
		o->path, o->path);
}

static int refuse_references(
	struct campaign *c, const struct option *o, const char *value, struct err *e)
{
	(void)c;
	(void)value;
	return err_set(e, ERR_ARGS,
		"%s: a list of {name, metric, value, source} is wanted here, in a campaign file",
		o->path);
}

static int (*const setters[])(
	struct campaign *, const struct option *, const char *, struct err *) = {
	[OPTION_TEXT] = set_text,
	[OPTION_PATH] = set_path,
	[OPTION_I64] = set_i64,
	[OPTION_DOUBLE] = set_double,
	[OPTION_SPAN] = set_span,
	[OPTION_BOOL] = set_bool,
	[OPTION_CHOICE] = set_choice,
	[OPTION_WORDS] = set_words,
	[OPTION_PAIRS] = refuse_pairs,
	[OPTION_REFERENCES] = refuse_references,
};

static int check_value(const char *path, const char *value, struct err *e)
{
	if (strlen(value) > OPTION_VALUE_MAX)
		return err_set(
			e, ERR_LIMIT, "%s: a value has at most %d bytes", path, OPTION_VALUE_MAX);
	for (const char *p = value; *p; p++) {
		if ((unsigned char)*p < ' ' && *p != '\n' && *p != '\t')
			return err_set(
				e, ERR_FORMAT, "%s: the value holds a control character", path);
	}
	return 0;
}

/* ---- names and values for the evaluator ---- */

static void pairs_release(struct option_pairs *p)
{
	for (int i = 0; i < p->count; i++) {
		free(p->pairs[i][0]);
		free(p->pairs[i][1]);
	}
	free(p->pairs);
	*p = (struct option_pairs){ 0 };
}

static int set_parameter(struct campaign *c, const char *name, const char *value, struct err *e)
{
	struct option_pairs *p = &c->parameters;
	int i = 0;

	if (!*name)
		return err_set(e, ERR_ARGS, "parameters: a parameter needs a name");
	while (i < p->count && strcmp(p->pairs[i][0], name) != 0)
		i++;
	if (i == OPTION_PAIRS_MAX)
		return err_set(e, ERR_LIMIT, "parameters: at most %d", OPTION_PAIRS_MAX);
	if (i == p->count) {
		p->pairs = memory_grow(p->pairs, (size_t)i + 1, sizeof *p->pairs);
		p->pairs[i][0] = text_copy(name);
		p->count++;
	} else {
		free(p->pairs[i][1]);
	}
	p->pairs[i][1] = text_copy(value);
	return 0;
}

/* ---- setting ---- */

static int unknown(const char *path, struct err *e)
{
	const char *nearest = option_nearest(path);

	if (nearest)
		return err_set(e, ERR_ARGS, "unknown key '%s'; did you mean '%s'?", path, nearest);
	return err_set(e, ERR_ARGS, "unknown key '%s' (clade help options lists them)", path);
}

static int located(struct option_origin origin, struct err *e)
{
	if (origin.line > 0)
		return err_in(e, "%s:%d:%d", origin.file ? origin.file : "campaign", origin.line,
			origin.column);
	return err_in(e, "%s", origin.file ? origin.file : "--set");
}

int option_set(struct campaign *c, const char *path, const char *value, struct option_origin origin,
	struct err *e)
{
	const struct option *o = option_find(path);
	struct err own = { 0 };
	int rc;

	e = e ? e : &own;
	rc = check_value(path, value, e);
	if (rc == 0 && o)
		rc = setters[o->type](c, o, value, e);
	else if (rc == 0 && text_has_prefix(path, PARAMETERS))
		rc = set_parameter(c, path + strlen(PARAMETERS), value, e);
	else if (rc == 0)
		rc = unknown(path, e);
	if (rc < 0)
		return located(origin, e);
	if (origin.line == 0) {
		/* What is stored must mean the same in another folder. */
		bool is_path = o && o->type == OPTION_PATH && *value;
		char *kept = is_path && !(o->offset == AT(file) && c->repo)
			? absolute(c->base_dir, value)
			: text_copy(value);

		campaign_remember(c, path, kept);
		free(kept);
	}
	return 0;
}

int option_assign(struct campaign *c, const char *assignment, struct err *e)
{
	const char *equals = strchr(assignment, '=');
	char *path;
	int rc;

	if (!equals || equals == assignment)
		return err_set(e, ERR_ARGS, "--set: '%s' is not key=value", assignment);
	path = text_copy_n(assignment, (size_t)(equals - assignment));
	rc = option_set(c, path, equals + 1, (struct option_origin){ "--set", 0, 0 }, e);
	free(path);
	return rc;
}

int option_add_word(struct campaign *c, const struct option *o, const char *word, struct err *e)
{
	int rc = check_value(o->path, word, e);

	return rc < 0 ? rc : words_add(place(c, o), o, word, strlen(word), e);
}

static void references_release(struct campaign_references *r)
{
	for (int i = 0; i < r->count; i++) {
		free(r->rows[i].name);
		free(r->rows[i].metric);
		free(r->rows[i].source);
	}
	free(r->rows);
	*r = (struct campaign_references){ 0 };
}

int option_add_reference(struct campaign *c, const char *name, const char *metric, double value,
	const char *source, struct err *e)
{
	struct campaign_references *r = &c->references;

	if (r->count >= OPTION_REFERENCES_MAX)
		return err_set(e, ERR_LIMIT, "references: at most %d rows", OPTION_REFERENCES_MAX);
	r->rows = memory_grow(r->rows, (size_t)r->count + 1, sizeof *r->rows);
	r->rows[r->count++] = (struct campaign_reference){
		.name = text_copy(name),
		.metric = text_copy(metric),
		.source = text_copy(source ? source : ""),
		.value = value,
	};
	return 0;
}

void option_clear(struct campaign *c, const struct option *o)
{
	void *at = place(c, o);

	switch (o->type) {
	case OPTION_TEXT:
	case OPTION_PATH:
		free(*(char **)at);
		*(char **)at = NULL;
		break;
	case OPTION_WORDS:
		words_release(at);
		break;
	case OPTION_PAIRS:
		pairs_release(at);
		break;
	case OPTION_REFERENCES:
		references_release(at);
		break;
	default:
		break;
	}
}

/*
 * A default that the table itself refuses is a defect of the table: test_option holds that there is
 * none.
 */
int option_default(struct campaign *c, const struct option *o, struct err *e)
{
	return o->fallback ? setters[o->type](c, o, o->fallback, e) : 0;
}

/* ---- for people ---- */

void option_type_text(char out[160], const struct option *o)
{
	static const char *const names[] = {
		[OPTION_TEXT] = "text",
		[OPTION_PATH] = "path",
		[OPTION_BOOL] = "true | false",
		[OPTION_WORDS] = "words",
		[OPTION_PAIRS] = "names and values",
		[OPTION_REFERENCES] = "list",
	};
	char range[96];

	out[0] = 0;
	if (o->type == OPTION_CHOICE) {
		for (int i = 0; o->choices[i]; i++) {
			size_t used = strlen(out);

			snprintf(out + used, 160 - used, "%s%s", i ? " | " : "", o->choices[i]);
		}
	} else if (o->type == OPTION_I64 || o->type == OPTION_DOUBLE || o->type == OPTION_SPAN) {
		range_text(range, o);
		snprintf(out, 160, "%s, %s",
			o->type == OPTION_I64              ? "whole number"
				: o->type == OPTION_DOUBLE ? "number"
							   : "span",
			range);
	} else {
		snprintf(out, 160, "%s", names[o->type]);
	}
}
