#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "evaluators/cascade.h"
#include "orchestrator/arguments.h"
#include "orchestrator/command.h"
#include "orchestrator/table.h"
#include "orchestrator/viewer.h"

extern const struct command command_status;

struct facts {
	struct viewer viewer;
	struct archive_totals totals;
	struct archive_count *verdicts, *stages, *operators; /* owned */
	int verdict_count, stage_count, operator_count;
	struct archive_program best; /* id 0: none */
	int holder;                  /* pid, 0: nobody */
	/* owned; source: "src/k.c at 0123456789ab of /repo" */
	char *id, *source;
};

static int read_best(struct facts *f, struct err *e)
{
	if (f->totals.best_id == 0)
		return 0;
	return archive_program(&f->best, f->viewer.archive, f->totals.best_id, false, e);
}

static void read_source(struct facts *f)
{
	char *repo = NULL, *commit = NULL, *path = NULL;

	archive_meta(&repo, f->viewer.archive, "source_repo", NULL);
	archive_meta(&commit, f->viewer.archive, "source_commit", NULL);
	archive_meta(&path, f->viewer.archive, "source_path", NULL);
	if (path && commit && repo)
		f->source = text_format("%s at %.12s of %s", path, commit, repo);
	else
		f->source = text_copy(path ? path : "");
	free(repo);
	free(commit);
	free(path);
}

static int by_stage(const void *a, const void *b)
{
	return cascade_find(((const struct archive_count *)a)->name) -
		cascade_find(((const struct archive_count *)b)->name);
}

static int read_facts(struct facts *f, const char *path, struct err *e)
{
	int rc = viewer_open(&f->viewer, path, e);

	if (rc < 0)
		return rc;
	rc = archive_totals(&f->totals, f->viewer.archive, e);
	if (rc >= 0)
		rc = archive_verdicts(&f->verdicts, &f->verdict_count, f->viewer.archive, e);
	if (rc >= 0)
		rc = archive_stages(&f->stages, &f->stage_count, f->viewer.archive, e);
	if (rc >= 0 && f->stage_count > 1)
		qsort(f->stages, (size_t)f->stage_count, sizeof *f->stages, by_stage);
	if (rc >= 0)
		rc = archive_operators(&f->operators, &f->operator_count, f->viewer.archive, e);
	if (rc >= 0)
		rc = read_best(f, e);
	if (rc < 0)
		return rc;
	f->holder = archive_holder(path);
	f->id = text_copy(archive_id(f->viewer.archive));
	read_source(f);
	return 0;
}

static void release(struct facts *f)
{
	free(f->verdicts);
	free(f->stages);
	free(f->operators);
	archive_program_release(&f->best);
	free(f->id);
	free(f->source);
	viewer_close(&f->viewer);
}

/* A file says "running" for ever after a kill -9: the lock knows better. */
static const char *state_of(const struct facts *f)
{
	if (strcmp(f->totals.state, "running") == 0 && f->holder == 0)
		return "interrupted";
	return f->totals.state;
}

/* ---- text ---- */

static void print_counts(const struct facts *f)
{
	const struct archive_totals *t = &f->totals;
	char spared[32];

	text_human_span(spared, t->spared_cpu_ns);
	printf("  evaluations  %lld", (long long)t->evaluations);
	if (t->elapsed_ns > 0)
		printf("  (%.1f/s)", (double)t->evaluations * 1e9 / (double)t->elapsed_ns);
	printf("\n  duplicates   %lld by tokens, %lld by object; %s of CPU time spared\n",
		(long long)t->duplicates_token, (long long)t->duplicates_object, spared);
	printf("  cells        %lld of %lld (%.1f %%), QD score %.6g", (long long)t->cells_filled,
		(long long)t->cells,
		t->cells > 0 ? 100.0 * (double)t->cells_filled / (double)t->cells : 0.0,
		t->qd_score);
	if (t->clamped > 0)
		printf(", %lld features clamped to the border", (long long)t->clamped);
	printf("\n  queue        %lld on their way\n", (long long)t->queued);
}

static void print_best(const struct facts *f)
{
	const struct clade_metric *m = viewer_fitness(&f->viewer);
	char value[128], seed[128], name[VIEWER_SHORT];

	viewer_value(seed, m, f->totals.seed_fitness, NAN, NAN);
	if (f->best.id == 0) {
		printf("  best         none yet\n");
		return;
	}
	viewer_value(value, m, f->totals.best, f->totals.best_low, f->totals.best_high);
	viewer_short(name, &f->best.name);
	printf("  best         %s %s  %s, %d step%s from the seed\n", m->name, value, name,
		f->best.depth, f->best.depth == 1 ? "" : "s");
	printf("  seed         %s %s\n", m->name, seed);
}

static void print_references(const struct facts *f)
{
	static const char *const heads[] = { "reference", "metric", ">value", "source", NULL };
	const struct campaign_references *r = &f->viewer.settings.references;
	struct table *t;

	if (r->count == 0)
		return;
	t = table_new(heads);
	for (int i = 0; i < r->count; i++) {
		char value[128];

		viewer_value(value, viewer_metric(&f->viewer, r->rows[i].metric), r->rows[i].value,
			NAN, NAN);
		table_add(t, "%s", r->rows[i].name);
		table_add(t, "%s", r->rows[i].metric);
		table_add(t, "%s", value);
		table_add(t, "%s", r->rows[i].source);
	}
	printf("\n");
	table_print(t, stdout, 2);
	table_free(t);
}

static void print_verdicts(const struct facts *f)
{
	printf("  verdicts    ");
	for (int i = 0; i < f->verdict_count; i++)
		printf("%s %s %lld", i ? "," : "", f->verdicts[i].name,
			(long long)f->verdicts[i].count);
	printf("\n");
}

static void print_stages(const struct facts *f)
{
	static const char *const heads[] = { "stage", ">candidates", ">rejected", ">wall", ">CPU",
		NULL };
	struct table *t;

	if (f->stage_count == 0)
		return;
	t = table_new(heads);
	for (int i = 0; i < f->stage_count; i++) {
		const struct archive_count *s = &f->stages[i];
		char wall[32], cpu[32];

		text_human_span(wall, s->wall_ns);
		text_human_span(cpu, s->cpu_ns);
		table_add(t, "%s", s->name);
		table_add(t, "%lld", (long long)s->count);
		table_add(t, "%lld", (long long)s->rejected);
		table_add(t, "%s", wall);
		table_add(t, "%s", cpu);
	}
	printf("\n");
	table_print(t, stdout, 2);
	table_free(t);
}

static void print_text(const struct facts *f)
{
	const char *state = state_of(f);
	char elapsed[32];

	text_human_span(elapsed, f->totals.elapsed_ns);
	printf("%s  %s\n", f->viewer.manifest->name, f->viewer.path);
	printf("  state        %s after %s", state, elapsed);
	if (f->holder != 0)
		printf(", held by process %d", f->holder);
	printf("%s\n",
		strcmp(state, "interrupted") == 0
			? " (its process is gone; clade resume goes on with it)"
			: "");
	printf("  campaign     %s\n", f->id);
	printf("  source       %s\n", f->source);
	print_counts(f);
	print_verdicts(f);
	print_best(f);
	print_references(f);
	print_stages(f);
}

/* ---- JSON ---- */

static void json_counts(
	cJSON *o, const char *key, const struct archive_count *rows, int count, bool costs)
{
	cJSON *object = json_put_object(o, key);

	for (int i = 0; i < count; i++) {
		cJSON *row;

		if (!costs) {
			json_put_i64(object, rows[i].name, rows[i].count);
			continue;
		}
		row = json_put_object(object, rows[i].name);
		json_put_i64(row, "candidates", rows[i].count);
		json_put_i64(row, "rejected", rows[i].rejected);
		json_put_i64(row, "wall_ns", rows[i].wall_ns);
		json_put_i64(row, "cpu_ns", rows[i].cpu_ns);
	}
}

static void json_best(cJSON *o, const struct facts *f)
{
	const struct clade_metric *m = viewer_fitness(&f->viewer);
	cJSON *best;

	if (f->best.id == 0) {
		json_put_text(o, "best", NULL);
		return;
	}
	best = viewer_json(&f->viewer, &f->best);
	json_put_text(best, "metric", m->name);
	json_put_text(best, "unit", m->unit);
	cJSON_AddItemToObject(o, "best", best);
}

static void print_json(const struct facts *f)
{
	const struct archive_totals *t = &f->totals;
	cJSON *o = cJSON_CreateObject(), *levels;
	char *text;

	json_put_text(o, "file", f->viewer.path);
	json_put_text(o, "id", f->id);
	json_put_text(o, "problem", f->viewer.manifest->name);
	json_put_text(o, "source", f->source);
	json_put_text(o, "state", state_of(f));
	json_put_i64(o, "holder", f->holder);
	json_put_i64(o, "elapsed_ns", t->elapsed_ns);
	json_put_i64(o, "evaluations", t->evaluations);
	json_put_i64(o, "duplicates", t->duplicates_token + t->duplicates_object);
	levels = json_put_object(o, "duplicates_by_level");
	json_put_i64(levels, "token", t->duplicates_token);
	json_put_i64(levels, "object", t->duplicates_object);
	json_put_i64(o, "spared_cpu_ns", t->spared_cpu_ns);
	json_put_i64(o, "programs", t->programs);
	json_put_i64(o, "cells", t->cells_filled);
	json_put_i64(o, "cells_total", t->cells);
	json_put_double(o, "qd_score", t->qd_score);
	json_put_i64(o, "clamped", t->clamped);
	json_put_i64(o, "queue", t->queued);
	json_best(o, f);
	json_put_double(o, "seed", t->seed_fitness);
	cJSON_AddItemToObject(o, "references", viewer_references_json(&f->viewer));
	json_counts(o, "verdicts", f->verdicts, f->verdict_count, false);
	json_counts(o, "stages", f->stages, f->stage_count, true);
	json_counts(o, "operators", f->operators, f->operator_count, false);
	text = json_pretty(o);
	puts(text);
	free(text);
	cJSON_Delete(o);
}

static int status(int argc, char **argv)
{
	const char *file[1];
	bool json = false, verify = false;
	const struct arguments_row rows[] = {
		{ .name = "--json", .type = ARGUMENTS_FLAG, .place = &json },
		{ .name = "--verify", .type = ARGUMENTS_FLAG, .place = &verify },
		{ .name = NULL },
	};
	struct facts f = { .holder = 0 };
	struct err e = { 0 };
	int rc, end = arguments_read(file, 1, 1, rows, &command_status, argc, argv);

	if (end != ARGUMENTS_GO_ON)
		return end;
	rc = read_facts(&f, file[0], &e);
	if (rc >= 0 && verify)
		rc = archive_verify(f.viewer.archive, &e);
	if (rc >= 0 && json)
		print_json(&f);
	else if (rc >= 0)
		print_text(&f);
	if (rc >= 0 && verify && !json)
		printf("\n  verified: the file is whole, and its counters equal its rows\n");
	release(&f);
	return rc < 0 ? command_error("status", &e) : COMMAND_DONE;
}

const struct command command_status = {
	.name = "status",
	.arguments = "FILE [--json] [--verify]",
	.summary = "how a campaign stands, while it runs or afterwards",
	.help = "  --json     one JSON object: state, evaluations, duplicates, cells, best,\n"
		"             seed, references, verdicts, stages and more\n"
		"  --verify   check the whole file first: SQLite's own checks, and every\n"
		"             counter against its rows\n"
		"\n"
		"States: new, running, stopped, finished, failed, and interrupted when the\n"
		"process that ran it is gone.\n"
		"\n"
		"Exit status: 0 done, 1 the file is damaged or cannot be read, 2 wrong usage,\n"
		"5 there is no such file.\n",
	.exec = status,
};
