#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "orchestrator/arguments.h"
#include "orchestrator/command.h"
#include "orchestrator/table.h"
#include "orchestrator/viewer.h"

extern const struct command command_lineage;

static void print_text(const struct viewer *v, const struct archive_program *list, int count)
{
	static const char *const heads[] = { ">step", "id", ">score", "verdict", "made by",
		"other parent", NULL };
	struct table *t = table_new(heads);

	for (int i = 0; i < count; i++) {
		const struct archive_program *p = &list[i];
		char name[VIEWER_SHORT], score[128], other[VIEWER_SHORT] = "";
		struct archive_program second = { 0 };

		viewer_short(name, &p->name);
		viewer_score(score, v, p);
		if (p->parent_count > 1 &&
			archive_program(&second, v->archive, p->parents[1], false, NULL) == 1)
			viewer_short(other, &second.name);
		archive_program_release(&second);
		table_add(t, "%d", p->depth);
		table_add(t, "%s", name);
		table_add(t, "%s", score);
		table_add(t, "%s", p->verdict);
		table_add(t, "%s", p->operation ? p->operation : "");
		table_add(t, "%s", other);
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

static int lineage(int argc, char **argv)
{
	const char *words[2];
	bool json = false;
	const struct arguments_row rows[] = {
		{ .name = "--json", .type = ARGUMENTS_FLAG, .place = &json }, { .name = NULL }
	};
	struct viewer v = { .path = NULL };
	struct archive_program *list = NULL;
	struct err e = { 0 };
	int64_t id = 0;
	int rc, count = 0, end = arguments_read(words, 2, 2, rows, &command_lineage, argc, argv);

	if (end != ARGUMENTS_GO_ON)
		return end;
	rc = viewer_open(&v, words[0], &e);
	if (rc >= 0)
		rc = archive_resolve(&id, v.archive, words[1], &e);
	if (rc >= 0)
		rc = archive_lineage(&list, &count, v.archive, id, &e);
	if (rc >= 0 && json)
		print_json(&v, list, count);
	else if (rc >= 0)
		print_text(&v, list, count);
	archive_programs_free(list, count);
	viewer_close(&v);
	return rc < 0 ? command_error("lineage", &e) : COMMAND_DONE;
}

const struct command command_lineage = {
	.name = "lineage",
	.arguments = "FILE ID [--json]",
	.summary = "how a program came to be: its first parents up to the seed",
	.help = "ID is a unique prefix, `best` or `seed`. The program itself comes first, the\n"
		"seed last.\n"
		"\n"
		"  --json   an array of objects as list --json prints them\n"
		"\n"
		"Exit status: 0 done, 1 the file cannot be read, 2 wrong usage or an\n"
		"ambiguous ID, 5 there is no such file or program.\n",
	.exec = lineage,
};
