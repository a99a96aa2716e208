#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/text.h"
#include "evaluators/manifest.h"
#include "evaluators/plugin.h"
#include "orchestrator/arguments.h"
#include "orchestrator/campaign.h"
#include "orchestrator/command.h"
#include "orchestrator/table.h"
#include "orchestrator/viewer.h"

extern const struct command command_problems;

static const char *const kind_names[] = { "numeric", "priority", "loops", "any" };
static const char *const syntax_names[] = {
	"branches",
	"loops",
	"pointers",
	"bits",
	"casts",
	"calls",
	"functions",
	"pragmas",
	"preprocessor",
	"asm",
	"goto",
	"members",
};
#define SYNTAX_COUNT (sizeof syntax_names / sizeof syntax_names[0])

/* A problem as people see it. The plug-in is loaded here: this process ends with the answer. */
struct problem {
	char *dir;                 /* owned */
	struct manifest *manifest; /* owned */
	cJSON *declarations;       /* owned */
	struct campaign campaign;
};

static void release(struct problem *p)
{
	free(p->dir);
	manifest_free(p->manifest);
	cJSON_Delete(p->declarations);
	campaign_release(&p->campaign);
}

static int open_problem(struct problem *p, const char *name, struct err *e)
{
	const struct clade_evaluator *evaluator = NULL;
	char *so = NULL;
	int rc;

	campaign_init(&p->campaign);
	rc = plugin_find_problem(&p->dir, name, e);
	if (rc == 0)
		rc = plugin_build(&so, p->dir, e);
	if (rc == 0)
		rc = plugin_load(&evaluator, so, e);
	free(so);
	if (rc < 0)
		return rc;
	p->declarations = manifest_to_json(evaluator);
	rc = manifest_from_json(&p->manifest, p->declarations, e);
	return rc < 0 ? rc : campaign_load(&p->campaign, p->dir, e);
}

/* ---- the table ---- */

static void add_row(struct table *t, cJSON *array, const char *name, int *failed)
{
	struct problem p = { .dir = NULL };
	struct err e = { 0 };

	if (open_problem(&p, name, &e) < 0) {
		*failed += 1;
		fprintf(stderr, "clade problems: %s\n", e.text);
	} else if (array) {
		cJSON *row = cJSON_CreateObject();

		json_put_text(row, "name", p.manifest->name);
		json_put_text(row, "summary", p.manifest->summary);
		json_put_text(row, "fitness", p.manifest->fitness);
		json_put_bool(row, "timed", p.manifest->timed);
		json_put_text(row, "folder", p.dir);
		cJSON_AddItemToArray(array, row);
	} else {
		const struct clade_metric *m = &p.manifest->metrics[p.manifest->fitness_index];

		table_add(t, "%s", p.manifest->name);
		table_add(t, "%s", m->name);
		table_add(t, "%s", m->direction == CLADE_MAXIMISE ? "more" : "less");
		table_add(t, "%s", p.manifest->timed ? "time" : "results");
		table_add(t, "%s", p.manifest->summary);
	}
	release(&p);
}

static int print_all(bool json)
{
	static const char *const heads[] = { "problem", "fitness", "better", "measures", "summary",
		NULL };
	struct table *t = table_new(heads);
	cJSON *array = json ? cJSON_CreateArray() : NULL;
	char **names = plugin_names();
	int failed = 0;

	for (int i = 0; names[i]; i++) {
		add_row(t, array, names[i], &failed);
		free(names[i]);
	}
	free(names);
	if (json) {
		char *text = json_pretty(array);

		puts(text);
		free(text);
	} else {
		table_print(t, stdout, 0);
	}
	table_free(t);
	cJSON_Delete(array);
	return failed ? COMMAND_FAILED : COMMAND_DONE;
}

/* ---- one problem ---- */

static void print_words(const char *title, char *const *words)
{
	printf("%s\n", title);
	for (int i = 0; words && words[i]; i++)
		printf("  %s\n", words[i]);
	if (!words || !words[0])
		printf("  none\n");
}

static void print_metrics(const struct manifest *m)
{
	static const char *const heads[] = { "metric", "unit", "better", "depends on", "meaning",
		NULL };
	struct table *t = table_new(heads);

	for (int i = 0; i < m->metric_count; i++) {
		const struct clade_metric *row = &m->metrics[i];

		table_add(t, "%s%s", row->name, i == m->fitness_index ? " *" : "");
		table_add(t, "%s", row->unit ? row->unit : "");
		table_add(t, "%s", row->direction == CLADE_MAXIMISE ? "more" : "less");
		table_add(t, "%s", row->depends == CLADE_CODE ? "code" : "results");
		table_add(t, "%s", row->text ? row->text : "");
	}
	printf("metrics (* the fitness)\n");
	table_print(t, stdout, 2);
	table_free(t);
}

static void print_features(const struct manifest *m)
{
	static const char *const heads[] = { "feature", "range", ">bins", "scale", "outside",
		"meaning", NULL };
	static const char *const scales[] = { "linear", "log2", "log10" };
	struct table *t = table_new(heads);

	for (int i = 0; i < m->feature_count; i++) {
		const struct clade_feature *f = &m->features[i];

		table_add(t, "%s", f->name);
		table_add(t, "%g to %g%s%s", f->low, f->high, f->unit && *f->unit ? " " : "",
			f->unit ? f->unit : "");
		table_add(t, "%d", f->bins);
		table_add(t, "%s", scales[f->scale]);
		table_add(t, "%s", f->outside == CLADE_REFUSE ? "refused" : "border cell");
		table_add(t, "%s", f->text ? f->text : "");
	}
	printf("features of the map\n");
	table_print(t, stdout, 2);
	table_free(t);
}

static void print_terminals(const struct manifest *m)
{
	static const char *const heads[] = { "terminal", "type", "meaning", NULL };
	struct table *t;

	if (m->terminal_count == 0)
		return;
	t = table_new(heads);
	for (int i = 0; i < m->terminal_count; i++) {
		table_add(t, "%s", m->terminals[i].text);
		table_add(t, "%s", m->terminals[i].type);
		table_add(t, "%s", m->terminals[i].meaning ? m->terminals[i].meaning : "");
	}
	printf("terminals\n");
	table_print(t, stdout, 2);
	table_free(t);
}

static void print_references(const struct problem *p)
{
	static const char *const heads[] = { "reference", "metric", ">value", "source", NULL };
	const struct campaign_references *r = &p->campaign.references;
	struct table *t;

	if (r->count == 0)
		return;
	t = table_new(heads);
	for (int i = 0; i < r->count; i++) {
		table_add(t, "%s", r->rows[i].name);
		table_add(t, "%s", r->rows[i].metric);
		table_add(t, "%.6g", r->rows[i].value);
		table_add(t, "%s", r->rows[i].source);
	}
	printf("references\n");
	table_print(t, stdout, 2);
	table_free(t);
}

static void print_target(const struct problem *p)
{
	printf("target\n  %s", p->campaign.compiler);
	for (int i = 0; i < p->campaign.target_flags.count; i++)
		printf(" %s", p->campaign.target_flags.words[i]);
	printf("\n");
}

static void print_problem(const struct problem *p)
{
	const struct manifest *m = p->manifest;
	char *readme = text_format("%s/README.md", p->dir);

	printf("%s: %s\n\n", m->name, m->summary);
	printf("folder\n  %s\n", p->dir);
	if (fdio_exists(readme))
		printf("read more\n  %s\n", readme);
	free(readme);
	printf("seed\n  %s\n", p->campaign.file);
	print_target(p);
	print_words("functions that a program defines", m->functions);
	printf("kind\n  %s\n", kind_names[m->kind]);
	printf("syntax beyond plain expressions\n ");
	for (size_t i = 0; i < SYNTAX_COUNT; i++)
		if (m->syntax >> i & 1u)
			printf(" %s", syntax_names[i]);
	printf("%s\n", m->syntax ? "" : " none");
	print_words("functions that it may import", m->imports);
	if (m->timed)
		print_words("classes of timed inputs", m->classes);
	print_metrics(m);
	print_features(m);
	print_terminals(m);
	print_references(p);
}

static void print_problem_json(struct problem *p)
{
	struct viewer v = { .settings = p->campaign };
	char *readme = text_format("%s/README.md", p->dir), *text;

	json_put_text(p->declarations, "folder", p->dir);
	json_put_text(p->declarations, "readme", fdio_exists(readme) ? readme : NULL);
	json_put_text(p->declarations, "seed", p->campaign.file);
	cJSON_AddItemToObject(p->declarations, "references", viewer_references_json(&v));
	text = json_pretty(p->declarations);
	puts(text);
	free(text);
	free(readme);
}

static int show_one(const char *name, bool json)
{
	struct problem p = { .dir = NULL };
	struct err e = { 0 };
	int rc = open_problem(&p, name, &e);

	if (rc == 0 && json)
		print_problem_json(&p);
	else if (rc == 0)
		print_problem(&p);
	release(&p);
	return rc < 0 ? command_error("problems", &e) : COMMAND_DONE;
}

static int problems(int argc, char **argv)
{
	const char *words[2];
	bool json = false;
	const struct arguments_row rows[] = {
		{ .name = "--json", .type = ARGUMENTS_FLAG, .place = &json }, { .name = NULL }
	};
	int end = arguments_read(words, 0, 2, rows, &command_problems, argc, argv);

	if (end != ARGUMENTS_GO_ON)
		return end;
	if (!words[0])
		return print_all(json);
	if (strcmp(words[0], "show") != 0 || !words[1])
		return command_fail(
			"problems", COMMAND_USAGE, "'%s': only 'show NAME' may follow", words[0]);
	return show_one(words[1], json);
}

const struct command command_problems = {
	.name = "problems",
	.arguments = "[show NAME] [--json]",
	.summary = "the built-in problems, or all that one declares",
	.help = "NAME is a built-in's name or a problem folder. `show` prints the functions\n"
		"that a program defines, metrics, features, terminals, allowed syntax and\n"
		"imports, references, and where its README.md lies.\n"
		"\n"
		"  --json   an array of objects with name, summary, fitness, timed, folder;\n"
		"           with show: one object with all declarations\n"
		"\n"
		"CLADE_PROBLEMS names a further folder of problems.\n"
		"\n"
		"Exit status: 0 done, 1 a problem's evaluator does not build or load, 2 wrong\n"
		"usage, 5 there is no such problem.\n",
	.exec = problems,
};
