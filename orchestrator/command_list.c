#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "evaluators/verdict.h"
#include "orchestrator/arguments.h"
#include "orchestrator/command.h"
#include "orchestrator/table.h"
#include "orchestrator/viewer.h"

#define LIMIT_MAX 1000000

extern const struct command command_list;

static void print_text(const struct viewer *v, const struct archive_program *list, int count)
{
	static const char *const heads[] = { "id", ">score", "cell", "verdict", ">depth", "made by",
		"reason", NULL };
	struct table *t = table_new(heads);

	for (int i = 0; i < count; i++) {
		const struct archive_program *p = &list[i];
		char name[VIEWER_SHORT], score[128], cell[128] = "-";

		viewer_short(name, &p->name);
		viewer_score(score, v, p);
		if (p->cell >= 0)
			grid_cell_text(cell, archive_grid(v->archive), p->cell);
		table_add(t, "%s", name);
		table_add(t, "%s", score);
		table_add(t, "%s%s", cell, p->elite ? " *" : "");
		table_add(t, "%s", p->verdict);
		table_add(t, "%d", p->depth);
		table_add(t, "%s", p->operation ? p->operation : "");
		table_add(t, "%.80s", p->reason ? p->reason : "");
	}
	table_print(t, stdout, 0);
	table_free(t);
}

static void print_json(const struct viewer *v, const struct archive_program *list, int count)
{
	cJSON *array = cJSON_CreateArray();
	char *text;

	for (int i = 0; i < count; i++)
		cJSON_AddItemToArray(array, viewer_json(v, &list[i]));
	text = json_pretty(array);
	puts(text);
	free(text);
	cJSON_Delete(array);
}

static int check_verdict(const char *verdict)
{
	const char *names[VERDICT_COUNT], *nearest;

	if (!verdict || verdict_find(verdict) >= 0)
		return ARGUMENTS_GO_ON;
	for (int i = 0; i < VERDICT_COUNT; i++)
		names[i] = verdict_rows[i].name;
	nearest = text_nearest(verdict, names, VERDICT_COUNT);
	return command_fail("list", COMMAND_USAGE, "there is no verdict '%s'%s%s%s", verdict,
		nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static int list(int argc, char **argv)
{
	const char *file[1], *verdict = NULL;
	bool json = false, elites = false, best = false;
	int64_t limit = 20;
	const struct arguments_row rows[] = {
		{ .name = "--json", .type = ARGUMENTS_FLAG, .place = &json },
		{ .name = "--elites", .type = ARGUMENTS_FLAG, .place = &elites },
		{ .name = "--best", .type = ARGUMENTS_FLAG, .place = &best },
		{ .name = "--verdict", .type = ARGUMENTS_TEXT, .place = &verdict },
		{ .name = "--limit",
			.type = ARGUMENTS_COUNT,
			.place = &limit,
			.low = 1,
			.high = LIMIT_MAX },
		{ .name = NULL },
	};
	struct viewer v = { .path = NULL };
	struct archive_program *found = NULL;
	struct err e = { 0 };
	int rc, count = 0, end = arguments_read(file, 1, 1, rows, &command_list, argc, argv);

	if (end == ARGUMENTS_GO_ON)
		end = check_verdict(verdict);
	if (end != ARGUMENTS_GO_ON)
		return end;
	rc = viewer_open(&v, file[0], &e);
	if (rc >= 0)
		rc = archive_list(&found, &count, v.archive,
			&(struct archive_filter){ .verdict = verdict,
				.elites_only = elites,
				.by_fitness = best,
				.limit = (int)limit },
			&e);
	if (rc >= 0 && json)
		print_json(&v, found, count);
	else if (rc >= 0)
		print_text(&v, found, count);
	archive_programs_free(found, count);
	viewer_close(&v);
	return rc < 0 ? command_error("list", &e) : COMMAND_DONE;
}

const struct command command_list = {
	.name = "list",
	.arguments = "FILE [--elites] [--best] [--verdict V] [--limit N] [--json]",
	.summary = "programs of a campaign, newest first",
	.help = "  --elites      only those that hold a cell now; they are marked with *\n"
		"                otherwise\n"
		"  --best        best score first\n"
		"  --verdict V   only this verdict: ok, slower, wrong, crash, timeout, limit,\n"
		"                forbidden, cheat, compile_error, invalid_edit, quarantined\n"
		"  --limit N     at most N programs (20)\n"
		"  --json        an array of objects: id, score, low, high, cell, cell_text,\n"
		"                verdict, reason, elite, proposal, depth, mutator, operation,\n"
		"                features\n"
		"\n"
		"Exit status: 0 done, 1 the file cannot be read, 2 wrong usage, 5 there is no\n"
		"such file.\n",
	.exec = list,
};
