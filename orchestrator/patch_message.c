#include "orchestrator/patch_message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "archive/repo.h"
#include "base/buffer.h"
#include "base/json.h"
#include "base/text.h"
#include "evaluators/plugin.h"
#include "orchestrator/confirmation.h"
#include "orchestrator/parcel.h"

#define BODY_BYTES_MAX (256u << 10)

char *patch_message_subject(const struct viewer *v, const struct archive_program *winner,
	const struct archive_program *seed, int forced)
{
	const struct clade_metric *m = viewer_fitness(v);
	const char *label = forced ? "UNCONFIRMED " : "";
	char value[128], base[128];

	if (v->manifest->timed)
		return text_format("%s: %s%.3g times the seed's speed", v->manifest->name, label,
			winner->fitness);
	viewer_value(value, m, winner->fitness, NAN, NAN);
	viewer_value(base, m, seed->fitness, NAN, NAN);
	return text_format("%s: %s%s %s, from %s", v->manifest->name, label, m->name, value, base);
}

static void put_metrics(struct buffer *b, const struct viewer *v,
	const struct archive_program *winner, const struct archive_program *seed)
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
		double value = fitness ? winner->fitness : json_double_or(mine, m->name, NAN),
		       base = fitness ? seed->fitness : json_double_or(theirs, m->name, NAN);
		char text[128], other[128];

		if (!isfinite(value))
			continue;
		viewer_value(text, m, value, fitness ? winner->fitness_low : NAN,
			fitness ? winner->fitness_high : NAN);
		viewer_value(other, m, base, NAN, NAN);
		buffer_format(b, "  %s: %s (seed: %s)%s\n", m->name, text, other,
			fitness ? ", the fitness" : "");
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
	buffer_format(b, "Holdout (inputs that the search never saw): %s\n",
		c->confirmed && !c->flags_alone ? "confirmed" : "NOT CONFIRMED");
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

		viewer_value(
			value, viewer_metric(v, r->rows[i].metric), r->rows[i].value, NAN, NAN);
		buffer_format(b, "  %s: %s %s%s%s%s\n", r->rows[i].name, r->rows[i].metric, value,
			*r->rows[i].source ? " (" : "", r->rows[i].source,
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

static void put_target(struct buffer *b, const struct viewer *v,
	const struct archive_program *winner, const struct confirmation *c)
{
	char *flags = own_flags(winner);

	buffer_format(b, "\nMachine: %s, %s\n", json_text_or(c->machine, "cpu", "unknown"),
		json_text_or(c->machine, "kernel", "unknown"));
	if (c->other_machine)
		buffer_add_text(b, "  (the campaign was measured on another one)\n");
	buffer_format(b, "Compiler: %s\nFlags: %s", c->compiler, v->settings.compiler);
	for (int i = 0; i < v->settings.target_flags.count; i++)
		buffer_format(b, " %s", v->settings.target_flags.words[i]);
	buffer_format(b, "%s%s\n", *flags ? ", and of the program's own: " : "", flags);
	free(flags);
}

/* Single quotes, so that a shell takes the words as they are. */
/* One word for a shell, on one line: people paste this command, and names of files and values are anybody's. */
static void put_word(struct buffer *b, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=,+:@%-";
	char *clean = text_printable(word, strlen(word), BODY_BYTES_MAX);

	for (char *c = clean; *c != '\0'; c++)
		*c = *c == '\n' || *c == '\t' ? '?' : *c;
	if (*clean != '\0' && clean[strspn(clean, plain)] == '\0') {
		buffer_add_text(b, clean);
	} else {
		buffer_add_text(b, "'");
		for (const char *c = clean; *c != '\0'; c++)
			buffer_add(b, *c == '\'' ? "'\\''" : c, *c == '\'' ? 4 : 1);
		buffer_add_text(b, "'");
	}
	free(clean);
}

static void put_set(struct buffer *b, const char *key, const char *value)
{
	char *both = text_format("%s=%s", key, value);

	buffer_add_text(b, " --set ");
	put_word(b, both);
	free(both);
}

static char *words_text(const struct option_words *w)
{
	struct buffer b;

	buffer_init(&b, BODY_BYTES_MAX);
	for (int i = 0; i < w->count; i++)
		buffer_format(&b, "%s%s", i ? " " : "", w->words[i]);
	return buffer_take(&b);
}

/* What the campaign set otherwise than its problem does, as far as an evaluation depends on it. */
static void put_settings(struct buffer *b, const struct campaign *c)
{
	struct campaign base;
	char *mine = words_text(&c->target_flags), *theirs;

	campaign_init(&base);
	campaign_load(&base, c->problem_dir, NULL);
	theirs = words_text(&base.target_flags);
	if (!text_equal(mine, theirs))
		put_set(b, "target.flags", mine);
	if (!text_equal(c->compiler, base.compiler))
		put_set(b, "target.compiler", c->compiler);
	if (c->function && !text_equal(c->function, base.function))
		put_set(b, "markers.function", c->function);
	for (int i = 0; i < c->parameters.count; i++) {
		char *key = text_format("parameters.%s", c->parameters.pairs[i][0]);

		put_set(b, key, c->parameters.pairs[i][1]);
		free(key);
	}
	campaign_release(&base);
	free(mine);
	free(theirs);
}

/* A time is a ratio to the seed, and after the patch the seed is found only at its commit. */
static void put_command(struct buffer *b, const struct viewer *v, const char *flags,
	const struct repo_source *source)
{
	char *dir = NULL;

	/* A built-in goes by its name, any other problem by its folder. */
	plugin_find_problem(&dir, v->settings.problem, NULL);
	buffer_add_text(b, "  clade eval ");
	put_word(b, text_equal(dir, v->settings.problem_dir) ? v->settings.problem : v->settings.problem_dir);
	buffer_add_text(b, source->path[0] == '-' ? " ./" : " ");
	put_word(b, source->path);
	free(dir);
	if (*flags) {
		buffer_add_text(b, " --flags ");
		put_word(b, flags);
	}
	if (v->manifest->timed && source->commit) {
		put_set(b, "source.repo", ".");
		put_set(b, "source.commit", source->commit);
		put_set(b, "source.file", source->path);
	}
	put_settings(b, &v->settings);
}

static void put_origin(struct buffer *b, const struct viewer *v,
	const struct archive_program *winner, const struct repo_source *source)
{
	char name[HASH_HEX], cell[128], *flags = own_flags(winner);

	hash_hex(name, &winner->name);
	if (winner->cell >= 0) {
		grid_cell_text(cell, archive_grid(v->archive), winner->cell);
		buffer_format(b, "Cell: %s\n", cell);
	}
	buffer_format(b, "Campaign: %s\nProgram: %s, %d step%s from the seed\n",
		archive_id(v->archive), name, winner->depth, winner->depth == 1 ? "" : "s");
	buffer_add_text(b,
		"\nTo see it again, at the root of the patched repository (--stream holdout for the other inputs):\n");
	put_command(b, v, flags, source);
	buffer_add_text(b, "\n");
	free(flags);
}

char *patch_message_body(const struct viewer *v, const struct archive_program *winner,
	const struct archive_program *seed, const struct confirmation *c,
	const struct repo_source *source, int forced)
{
	struct buffer b;

	buffer_init(&b, BODY_BYTES_MAX);
	if (forced)
		buffer_add_text(&b,
			"UNCONFIRMED: exported by force; it did not beat the seed where it counts.\n\n");
	buffer_format(&b, "Problem: %s, %s\n\n", v->manifest->name, v->manifest->summary);
	put_metrics(&b, v, winner, seed);
	put_holdout(&b, v, c);
	put_references(&b, v);
	put_target(&b, v, winner, c);
	put_origin(&b, v, winner, source);
	return buffer_take(&b);
}
