#include "orchestrator/command.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "orchestrator/arguments.h"
#include "orchestrator/table.h"
#include "orchestrator/viewer.h"

#define POINTS_DEFAULT 20
#define POINTS_MAX 100000

/* What is asked, and what was read for it. */
struct history {
	struct viewer viewer;
	bool json, changes, events;
	int64_t limit;
};

static void print_json(cJSON *list)
{
	char *text = json_pretty(list);

	puts(text);
	free(text);
	cJSON_Delete(list);
}

/* ---- best, coverage and QD score over time ---- */

static void point_json(cJSON *list, const struct archive_point *p)
{
	cJSON *o = cJSON_CreateObject();

	json_put_i64(o, "evaluations", p->evaluations);
	json_put_i64(o, "elapsed_ns", p->elapsed_ns);
	json_put_double(o, "best", p->best);
	json_put_double(o, "qd_score", p->qd_score);
	json_put_i64(o, "cells", p->cells_filled);
	cJSON_AddItemToArray(list, o);
}

static void point_text(struct table *t, const struct archive_point *p, int64_t cells)
{
	char span[32];

	text_human_span(span, p->elapsed_ns);
	table_add(t, "%s", span);
	table_add(t, "%lld", (long long)p->evaluations);
	table_add(t, "%.6g", p->best);
	table_add(t, "%lld (%.1f %%)", (long long)p->cells_filled, 100.0 * (double)p->cells_filled / (double)cells);
	table_add(t, "%.6g", p->qd_score);
}

static int show_progress(struct history *h, struct err *e)
{
	static const char *const heads[] = { ">elapsed", ">evaluations", ">best", ">cells", ">QD score", NULL };
	struct archive_point *points = NULL;
	int count = 0;
	int rc = archive_progress(&points, &count, h->viewer.archive, (int)h->limit, e);
	struct table *t = table_new(heads);
	cJSON *list = cJSON_CreateArray();

	for (int i = 0; i < count && rc >= 0; i++) {
		point_json(list, &points[i]);
		point_text(t, &points[i], grid_cells(archive_grid(h->viewer.archive)));
	}
	if (rc >= 0 && h->json)
		print_json(list);
	else
		cJSON_Delete(list);
	if (rc >= 0 && !h->json)
		table_print(t, stdout, 0);
	table_free(t);
	free(points);
	return rc;
}

/* ---- who held a cell, and why that changed ---- */

static int change_row(struct table *t, cJSON *list, struct history *h, const struct archive_change *c, struct err *e)
{
	struct archive_program p = { 0 };
	cJSON *o = cJSON_CreateObject();
	char span[32], cell[128], name[VIEWER_SHORT], hex[HASH_HEX];
	int rc = archive_program(&p, h->viewer.archive, c->program, false, e);

	viewer_short(name, &p.name);
	hash_hex(hex, &p.name);
	grid_cell_text(cell, archive_grid(h->viewer.archive), c->cell);
	text_human_span(span, c->elapsed_ns);
	table_add(t, "%s", span);
	table_add(t, "%s", name);
	table_add(t, "%.6g", c->fitness);
	table_add(t, "%s", cell);
	table_add(t, "%s", c->why);
	json_put_text(o, "id", hex);
	json_put_i64(o, "cell", c->cell);
	json_put_text(o, "cell_text", cell);
	json_put_double(o, "score", c->fitness);
	json_put_i64(o, "elapsed_ns", c->elapsed_ns);
	json_put_text(o, "why", c->why);
	cJSON_AddItemToArray(list, o);
	archive_program_release(&p);
	return rc;
}

static int show_changes(struct history *h, struct err *e)
{
	static const char *const heads[] = { ">elapsed", "id", ">score", "cell", "why", NULL };
	struct archive_change *changes = NULL;
	int count = 0;
	int rc = archive_history(&changes, &count, h->viewer.archive, -1, e);
	struct table *t = table_new(heads);
	cJSON *list = cJSON_CreateArray();

	for (int i = count > h->limit ? count - (int)h->limit : 0; i < count && rc >= 0; i++)
		rc = change_row(t, list, h, &changes[i], e);
	if (rc >= 0 && h->json)
		print_json(list);
	else
		cJSON_Delete(list);
	if (rc >= 0 && !h->json)
		table_print(t, stdout, 0);
	table_free(t);
	free(changes);
	return rc;
}

/* ---- the event log ---- */

static int show_events(struct history *h, struct err *e)
{
	static const char *const heads[] = { "when", "kind", "text", NULL };
	struct archive_event *events = NULL;
	int count = 0;
	int rc = archive_events(&events, &count, h->viewer.archive, 0, POINTS_MAX, e);
	struct table *t = table_new(heads);
	cJSON *list = cJSON_CreateArray();

	for (int i = count > h->limit ? count - (int)h->limit : 0; i < count && rc >= 0; i++) {
		cJSON *o = cJSON_CreateObject();
		char when[32];

		clock_text(when, events[i].created_s);
		table_add(t, "%s", when);
		table_add(t, "%s", events[i].kind);
		table_add(t, "%s", events[i].text);
		json_put_text(o, "when", when);
		json_put_text(o, "kind", events[i].kind);
		json_put_text(o, "text", events[i].text);
		cJSON_AddItemToArray(list, o);
	}
	if (rc >= 0 && h->json)
		print_json(list);
	else
		cJSON_Delete(list);
	if (rc >= 0 && !h->json)
		table_print(t, stdout, 0);
	table_free(t);
	archive_events_free(events, count);
	return rc;
}

static int history(int argc, char **argv)
{
	const char *file[1];
	struct history h = { .limit = POINTS_DEFAULT };
	const struct arguments_row rows[] = {
		{ .name = "--json", .type = ARGUMENTS_FLAG, .place = &h.json },
		{ .name = "--changes", .type = ARGUMENTS_FLAG, .place = &h.changes },
		{ .name = "--events", .type = ARGUMENTS_FLAG, .place = &h.events },
		{ .name = "--limit", .type = ARGUMENTS_COUNT, .place = &h.limit, .low = 1, .high = POINTS_MAX },
		{ .name = NULL },
	};
	struct err e = { 0 };
	int rc, end = arguments_read(file, 1, 1, rows, command_find("history"), argc, argv);

	if (end != ARGUMENTS_GO_ON)
		return end;
	if (h.changes && h.events)
		return command_fail("history", COMMAND_USAGE, "give --changes or --events, not both");
	rc = viewer_open(&h.viewer, file[0], &e);
	if (rc >= 0) {
		rc = h.changes ? show_changes(&h, &e) : h.events ? show_events(&h, &e) : show_progress(&h, &e);
		viewer_close(&h.viewer);
	}
	return rc < 0 ? command_error("history", &e) : COMMAND_DONE;
}

const struct command command_history = {
	.name = "history",
	.arguments = "FILE [--changes | --events] [--limit N] [--json]",
	.summary = "how the map filled: best, coverage and QD score over time",
	.help = "  --changes    who took which cell, when and why: new, improved, rescored, or\n"
		"               the reason of a demotion; the newest last\n"
		"  --events     the log of the campaign: sessions, machines, confirmations\n"
		"  --limit N    at most N rows (20); progress is thinned evenly\n"
		"  --json       an array of objects\n"
		"\n"
		"Exit status: 0 done, 1 the file cannot be read, 2 wrong usage, 5 there is no\n"
		"such file.\n",
	.exec = history,
};
