#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "orchestrator/arguments.h"
#include "orchestrator/command.h"
#include "orchestrator/viewer.h"

extern const struct command command_show;

static void print_metrics(const struct viewer *v, const struct archive_program *p)
{
	cJSON *metrics = NULL;

	if (!p->metrics || json_parse(&metrics, p->metrics, strlen(p->metrics), NULL) < 0)
		return;
	for (const cJSON *m = metrics->child; m; m = m->next) {
		const struct clade_metric *row = viewer_metric(v, m->string);
		bool fitness = row == viewer_fitness(v);
		char value[128];

		if (!cJSON_IsNumber(m))
			continue;
		viewer_value(value, row, m->valuedouble, fitness ? p->fitness_low : NAN,
			fitness ? p->fitness_high : NAN);
		printf("  %-12s %s%s\n", m->string, value, fitness ? "  (the fitness)" : "");
	}
	cJSON_Delete(metrics);
}

static void print_place(const struct viewer *v, const struct archive_program *p)
{
	const struct grid *g = archive_grid(v->archive);
	char cell[128];

	if (p->cell < 0)
		return;
	grid_cell_text(cell, g, p->cell);
	printf("  cell         %lld: %s%s\n", (long long)p->cell, cell,
		p->elite ? " (its elite)" : "");
	printf("  features    ");
	for (int i = 0; i < g->axis_count; i++)
		printf("%s %s %.6g%s%s", i ? "," : "", g->axes[i].name, p->features[i],
			g->axes[i].unit[0] ? " " : "", g->axes[i].unit);
	printf("\n");
}

/* Names of the parents; a row that is gone is shown by its number. */
static void parent_names(
	char names[4][HASH_HEX], const struct viewer *v, const struct archive_program *p)
{
	for (int i = 0; i < p->parent_count; i++) {
		struct archive_program parent = { 0 };

		snprintf(names[i], HASH_HEX, "row %lld", (long long)p->parents[i]);
		if (archive_program(&parent, v->archive, p->parents[i], false, NULL) == 1)
			hash_hex(names[i], &parent.name);
		archive_program_release(&parent);
	}
}

static void print_holdout(const struct viewer *v, const struct archive_program *p)
{
	cJSON *h = NULL;
	char value[128], seed[128];

	if (!p->holdout || json_parse(&h, p->holdout, strlen(p->holdout), NULL) < 0) {
		printf("  holdout      not confirmed yet (clade export does)\n");
		return;
	}
	viewer_value(value, viewer_fitness(v), json_double_or(h, "value", NAN),
		json_double_or(h, "low", NAN), json_double_or(h, "high", NAN));
	viewer_value(seed, viewer_fitness(v), json_double_or(h, "seed", NAN), NAN, NAN);
	printf("  holdout      %s: %s (seed %s), %s\n",
		json_bool_or(h, "confirmed", false) ? "confirmed" : "NOT CONFIRMED", value, seed,
		json_text_or(h, "at", ""));
	if (json_text_or(h, "reason", NULL))
		printf("               %s\n", json_text_or(h, "reason", NULL));
	cJSON_Delete(h);
}

static void print_text(const struct viewer *v, const struct archive_program *p)
{
	char hex[HASH_HEX], when[32], wall[32], cpu[32], names[4][HASH_HEX], bytes[32];

	hash_hex(hex, &p->name);
	clock_text(when, p->created_s);
	text_human_span(wall, p->wall_ns);
	text_human_span(cpu, p->cpu_ns);
	text_human_bytes(bytes, p->code_bytes);
	parent_names(names, v, p);
	printf("program %s\n", hex);
	printf("  verdict      %s%s%s\n", p->verdict, p->reason ? ": " : "",
		p->reason ? p->reason : "");
	print_metrics(v, p);
	print_place(v, p);
	printf("  flags        %s\n",
		p->flags && strcmp(p->flags, "[]") != 0 ? p->flags : "none of its own");
	printf("  made by      %s, %s; proposal %lld, %d step%s from the seed, %s\n", p->mutator,
		p->operation, (long long)p->proposal, p->depth, p->depth == 1 ? "" : "s", when);
	for (int i = 0; i < p->parent_count; i++)
		printf("  %-12s %.12s\n", i ? "and" : "parent", names[i]);
	printf("  cost         %s wall, %s CPU, %lld timed pairs; code %s\n", wall, cpu,
		(long long)p->pairs, bytes);
	print_holdout(v, p);
	printf("\n%s", p->source);
}

static void json_parsed(cJSON *o, const char *key, const char *text)
{
	cJSON *value = NULL;

	if (!text || json_parse(&value, text, strlen(text), NULL) < 0)
		value = cJSON_CreateNull();
	cJSON_AddItemToObject(o, key, value);
}

static void print_json(const struct viewer *v, const struct archive_program *p)
{
	cJSON *o = viewer_json(v, p), *parents;
	char names[4][HASH_HEX], *text;

	parent_names(names, v, p);
	json_parsed(o, "metrics", p->metrics);
	json_parsed(o, "flags", p->flags);
	parents = json_put_array(o, "parents");
	for (int i = 0; i < p->parent_count; i++)
		cJSON_AddItemToArray(parents, cJSON_CreateString(names[i]));
	json_put_i64(o, "wall_ns", p->wall_ns);
	json_put_i64(o, "cpu_ns", p->cpu_ns);
	json_put_i64(o, "pairs", p->pairs);
	json_put_i64(o, "code_bytes", p->code_bytes);
	json_put_i64(o, "created_s", p->created_s);
	json_parsed(o, "holdout", p->holdout);
	json_put_text(o, "source", p->source);
	text = json_pretty(o);
	puts(text);
	free(text);
	cJSON_Delete(o);
}

static int show(int argc, char **argv)
{
	const char *words[2];
	bool json = false, source = false;
	const struct arguments_row rows[] = {
		{ .name = "--json", .type = ARGUMENTS_FLAG, .place = &json },
		{ .name = "--source", .type = ARGUMENTS_FLAG, .place = &source },
		{ .name = NULL },
	};
	struct viewer v = { .path = NULL };
	struct archive_program p = { 0 };
	struct err e = { 0 };
	int rc, end = arguments_read(words, 2, 2, rows, &command_show, argc, argv);

	if (end != ARGUMENTS_GO_ON)
		return end;
	rc = viewer_open(&v, words[0], &e);
	if (rc >= 0)
		rc = viewer_program(&p, &v, words[1], true, &e);
	if (rc >= 0 && source)
		fwrite(p.source, 1, p.source_bytes, stdout);
	else if (rc >= 0 && json)
		print_json(&v, &p);
	else if (rc >= 0)
		print_text(&v, &p);
	archive_program_release(&p);
	viewer_close(&v);
	return rc < 0 ? command_error("show", &e) : COMMAND_DONE;
}

const struct command command_show = {
	.name = "show",
	.arguments = "FILE ID [--source] [--json]",
	.summary = "one program: source, verdict, metrics, cell, parents, cost, holdout",
	.help = "ID is any unique prefix of a program's id, of 4 digits at least, or `best`\n"
		"or `seed`.\n"
		"\n"
		"  --source   the source alone, byte for byte\n"
		"  --json     one JSON object: what list prints, and metrics, flags, parents,\n"
		"             costs, holdout, source\n"
		"\n"
		"Exit status: 0 done, 1 the file cannot be read, 2 wrong usage or an\n"
		"ambiguous ID, 5 there is no such file or program.\n",
	.exec = show,
};
