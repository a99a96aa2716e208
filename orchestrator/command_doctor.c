#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
#include <yaml.h>

#include "archive/linkage.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "evaluators/health.h"
#include "evaluators/plugin.h"
#include "mutators/syntax.h"
#include "orchestrator/arguments.h"
#include "orchestrator/command.h"

extern const struct command command_doctor;

static const char *const state_names[] = { "good", "warn", "BAD" };

/*
 * Every problem's folder is found and its evaluator builds. It is not loaded: that is a worker's
 * business.
 */
static int check_problems(struct health_check *checks, int count)
{
	char **names = plugin_names();

	if (!names[0])
		count = health_add(checks, count, "problems", HEALTH_BAD,
			"no problem folder is found",
			"the folders lie in evaluators/problems or PREFIX/share/clade/problems: run make, or make install; CLADE_PROBLEMS names more");
	for (int i = 0; names[i]; i++) {
		char *dir = NULL, *so = NULL, *name = text_format("problem %s", names[i]);
		struct err e = { 0 };
		bool ok = plugin_find_problem(&dir, names[i], &e) == 0 &&
			plugin_build(&so, dir, &e) == 0;

		count = health_add(checks, count, name, ok ? HEALTH_GOOD : HEALTH_BAD,
			ok ? dir : e.text, ok ? NULL : "correct the folder, or build again");
		free(name);
		free(dir);
		free(so);
		free(names[i]);
	}
	free(names);
	return count;
}

static int check_libraries(struct health_check *checks, int count)
{
	struct linkage found[LINKAGE_MAX];
	struct err e = { 0 };
	char detail[128];

	linkage_read(found);
	for (int i = 0; i < LINKAGE_MAX; i++)
		count = health_add(checks, count, found[i].name,
			found[i].lacks ? HEALTH_BAD : HEALTH_GOOD, found[i].version,
			found[i].lacks);
	snprintf(detail, sizeof detail, "libuv %s, libyaml %s", uv_version_string(),
		yaml_get_version_string());
	count = health_add(checks, count, "libraries", HEALTH_GOOD, detail, NULL);
	if (syntax_ready(&e) < 0)
		return health_add(checks, count, "tree-sitter", HEALTH_BAD, e.text,
			"build against a tree-sitter runtime that reads the grammar's ABI");
	return health_add(
		checks, count, "tree-sitter", HEALTH_GOOD, "runtime and C grammar fit", NULL);
}

static void print_text(const struct health_check *checks, int count)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	bool colour = isatty(1) && !(no_colour && *no_colour) && !text_equal(term, "dumb");
	static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m" };

	for (int i = 0; i < count; i++) {
		const struct health_check *c = &checks[i];

		printf("%s%-4s%s  %-20s %s\n", colour ? colours[c->state] : "",
			state_names[c->state], colour ? "\033[0m" : "", c->name, c->detail);
		if (c->mend[0])
			printf("      %-20s mend: %s\n", "", c->mend);
	}
}

static void print_json(const struct health_check *checks, int count, int bad)
{
	static const char *const states[] = { "good", "warn", "bad" };
	cJSON *o = cJSON_CreateObject(), *list;
	char *text;

	json_put_bool(o, "fit", bad == 0);
	list = json_put_array(o, "checks");
	for (int i = 0; i < count; i++) {
		cJSON *row = cJSON_CreateObject();

		json_put_text(row, "name", checks[i].name);
		json_put_text(row, "state", states[checks[i].state]);
		json_put_text(row, "detail", checks[i].detail);
		json_put_text(row, "mend", checks[i].mend[0] ? checks[i].mend : NULL);
		cJSON_AddItemToArray(list, row);
	}
	text = json_pretty(o);
	puts(text);
	free(text);
	cJSON_Delete(o);
}

static int doctor(int argc, char **argv)
{
	static struct health_check checks[HEALTH_CHECKS_MAX];
	const char *compiler = NULL;
	bool json = false;
	const struct arguments_row rows[] = {
		{ .name = "--json", .type = ARGUMENTS_FLAG, .place = &json },
		{ .name = "--compiler", .type = ARGUMENTS_TEXT, .place = &compiler },
		{ .name = NULL },
	};
	int count = 0, bad = 0, end = arguments_read(NULL, 0, 0, rows, &command_doctor, argc, argv);

	if (end != ARGUMENTS_GO_ON)
		return end;
	count = health_sandbox(checks, count, compiler);
	count = health_machine(checks, count);
	count = check_libraries(checks, count);
	count = check_problems(checks, count);
	for (int i = 0; i < count; i++)
		bad += checks[i].state == HEALTH_BAD;
	if (json)
		print_json(checks, count, bad);
	else
		print_text(checks, count);
	if (!json && bad > 0)
		printf("\n%d check%s BAD: campaigns do not run here until it is mended\n", bad,
			bad == 1 ? " is" : "s are");
	return bad > 0 ? COMMAND_FAILED : COMMAND_DONE;
}

const struct command command_doctor = {
	.name = "doctor",
	.arguments = "[--compiler NAME] [--json]",
	.summary = "is this machine fit: sandbox, compiler, clock, processors, libraries, problems",
	.help = "Starts both boxes for real. What is BAD names its mend, and campaigns do not\n"
		"run before; what is `warn` makes measurements worse than they could be.\n"
		"\n"
		"  --compiler NAME   the compiler to check (gcc)\n"
		"  --json            one JSON object: fit, checks with name, state (good,\n"
		"                    warn, bad), detail and mend\n"
		"\n"
		"Exit status: 0 fit, 1 something is BAD, 2 wrong usage.\n",
	.exec = doctor,
};
