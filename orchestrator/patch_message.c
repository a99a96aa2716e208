#include "orchestrator/patch_message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/text.h"
#include "orchestrator/confirmation.h"
#include "orchestrator/parcel.h"

#define BODY_BYTES_MAX (256u << 10)

char *patch_message_subject(const struct viewer *v, const struct archive_program *winner, const struct archive_program *seed, int forced)
{
	const struct clade_metric *m = viewer_fitness(v);
	const char *label = forced ? "UNCONFIRMED " : "";
	char value[128], base[128];

	if (v->manifest->timed)
		return text_format("%s: %s%.3g times the seed's speed", v->manifest->name, label, winner->fitness);
	viewer_value(value, m, winner->fitness, NAN, NAN);
	viewer_value(base, m, seed->fitness, NAN, NAN);
	return text_format("%s: %s%s %s, from %s", v->manifest->name, label, m->name, value, base);
}

static void put_metrics(struct buffer *b, const struct viewer *v, const struct archive_program *winner, const struct archive_program *seed)
{
	cJSON *mine = NULL, *theirs = NULL;

	if (winner->metrics)
		json_parse(&mine, winner->metrics, strlen(winner->metrics), NULL);
	if (seed->metrics)
		json_parse(&theirs, seed->metrics, strlen(seed->metrics), NULL);
	buffer_add_text(b, "Metrics on the search's inputs:\n");
	for (int i = 0; i < v->manifest->metric_count; i++) {
		const struct clade_metric *m = &v->manifest->metrics[i];
		bool fitness = m == viewer_fitness(v);
		double value = fitness ? winner->fitness : json_double_or(mine, m->name, NAN), base = fitness ? seed->fitness : json_double_or(theirs, m->name, NAN);
		char text[128], other[128];

		if (!isfinite(value))
			continue;
		viewer_value(text, m, value, fitness ? winner->fitness_low : NAN, fitness ? winner->fitness_high : NAN);
		viewer_value(other, m, base, NAN, NAN);
		buffer_format(b, "  %s: %s (seed: %s)%s\n", m->name, text, other, fitness ? ", the fitness" : "");
	}
	cJSON_Delete(mine);
	cJSON_Delete(theirs);
}

static void put_holdout(struct buffer *b, const struct viewer *v, const struct confirmation *c)
{
	const struct clade_metric *m = viewer_fitness(v);
	char value[128], seed[128];

	viewer_value(value, m, c->value, c->low, c->high);
	viewer_value(seed, m, c->seed, NAN, NAN);
	buffer_format(b, "Holdout (inputs that the search never saw): %s\n", c->confirmed && !c->flags_alone ? "confirmed" : "NOT CONFIRMED");
	buffer_format(b, "  %s: %s (seed: %s)\n", m->name, value, seed);
	if (c->reason[0])
		buffer_format(b, "  %s\n", c->reason);
	if (c->flags_alone)
		buffer_add_text(b, "  without its flags the source does not beat the seed\n");
}

static void put_references(struct buffer *b, const struct viewer *v)
{
	const struct campaign_references *r = &v->settings.references;

	if (r->count == 0)
		return;
	buffer_add_text(b, "\nReferences:\n");
	for (int i = 0; i < r->count; i++) {
		char value[128];

		viewer_value(value, viewer_metric(v, r->rows[i].metric), r->rows[i].value, NAN, NAN);
		buffer_format(b, "  %s: %s %s%s%s%s\n", r->rows[i].name, r->rows[i].metric, value, *r->rows[i].source ? " (" : "", r->rows[i].source,
			*r->rows[i].source ? ")" : "");
	}
}

/* The program's own flags with blanks between; caller frees. */
static char *own_flags(const struct archive_program *p)
{
	char *flags[JOB_FLAGS_MAX + 1] = { NULL };
	struct buffer b;

	buffer_init(&b, BODY_BYTES_MAX);
	if (p->flags)
		parcel_flags_read(flags, JOB_FLAGS_MAX, p->flags);
	for (int i = 0; flags[i]; i++) {
		buffer_format(&b, "%s%s", i ? " " : "", flags[i]);
		free(flags[i]);
	}
	return buffer_take(&b);
}

static void put_target(struct buffer *b, const struct viewer *v, const struct archive_program *winner, const struct confirmation *c)
{
	char *flags = own_flags(winner);

	buffer_format(b, "\nMachine: %s, %s\n", json_text_or(c->machine, "cpu", "unknown"), json_text_or(c->machine, "kernel", "unknown"));
	if (c->other_machine)
		buffer_add_text(b, "  (the campaign was measured on another one)\n");
	buffer_format(b, "Compiler: %s\nFlags: %s", c->compiler, v->settings.compiler);
	for (int i = 0; i < v->settings.target_flags.count; i++)
		buffer_format(b, " %s", v->settings.target_flags.words[i]);
	buffer_format(b, "%s%s\n", *flags ? ", and of the program's own: " : "", flags);
	free(flags);
}

static void put_origin(struct buffer *b, const struct viewer *v, const struct archive_program *winner, const char *path)
{
	char name[HASH_HEX], cell[128], *flags = own_flags(winner);

	hash_hex(name, &winner->name);
	if (winner->cell >= 0) {
		grid_cell_text(cell, archive_grid(v->archive), winner->cell);
		buffer_format(b, "Cell: %s\n", cell);
	}
	buffer_format(b, "Campaign: %s\nProgram: %s, %d step%s from the seed\n", archive_id(v->archive), name, winner->depth, winner->depth == 1 ? "" : "s");
	buffer_format(b, "See it again: clade eval %s %s%s%s%s\n", v->manifest->name, path, *flags ? " --flags \"" : "", flags, *flags ? "\"" : "");
	buffer_format(b, "         with: clade eval %s %s --stream holdout%s%s%s\n", v->manifest->name, path, *flags ? " --flags \"" : "", flags,
		*flags ? "\"" : "");
	free(flags);
}

char *patch_message_body(const struct viewer *v, const struct archive_program *winner, const struct archive_program *seed, const struct confirmation *c,
	const char *path, int forced)
{
	struct buffer b;

	buffer_init(&b, BODY_BYTES_MAX);
	if (forced)
		buffer_add_text(&b, "UNCONFIRMED: exported by force; it did not beat the seed where it counts.\n\n");
	buffer_format(&b, "Problem: %s, %s\n\n", v->manifest->name, v->manifest->summary);
	put_metrics(&b, v, winner, seed);
	put_holdout(&b, v, c);
	put_references(&b, v);
	put_target(&b, v, winner, c);
	put_origin(&b, v, winner, path);
	return buffer_take(&b);
}
