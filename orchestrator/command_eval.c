#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/repo.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "orchestrator/arguments.h"
#include "orchestrator/command.h"
#include "orchestrator/trial.h"
#include "orchestrator/viewer.h"

#define SOURCE_BYTES_MAX (1u << 20)
/*
 * Random streams of the inputs' keys; the first is the one that a campaign with a given seed has.
 */
#define SEARCH_KEY UINT64_MAX
#define HOLDOUT_KEY (UINT64_MAX - 1)

extern const struct command command_eval;

struct request {
	const char *problem, *file, *stream_name, *flags;
	struct arguments_settings settings;
	bool json;
	enum clade_stream stream;
	struct campaign campaign;
	struct trial trial;
	char *text; /* owned */
	size_t size;
	struct repo_source seed;
};

/* ---- what is asked ---- */

static int check_stream(struct request *q)
{
	if (!q->stream_name || strcmp(q->stream_name, "search") == 0) {
		q->stream = CLADE_SEARCH;
		return ARGUMENTS_GO_ON;
	}
	q->stream = CLADE_HOLDOUT;
	if (strcmp(q->stream_name, "holdout") == 0)
		return ARGUMENTS_GO_ON;
	return command_fail(
		"eval", COMMAND_USAGE, "--stream: '%s' is none of search, holdout", q->stream_name);
}

static int read_text(struct request *q, struct err *e)
{
	int rc = fdio_read_file(&q->text, &q->size, q->file, SOURCE_BYTES_MAX, e);

	if (rc == 0 && memchr(q->text, 0, q->size))
		rc = err_set(e, ERR_FORMAT, "%s is no text: it holds a zero byte", q->file);
	return rc;
}

static int prepare(struct request *q, struct err *e)
{
	const struct campaign *c = &q->campaign;
	struct random r;
	uint8_t key[32];
	int rc = campaign_load(&q->campaign, q->problem, e);

	if (rc >= 0)
		rc = arguments_apply(&q->settings, &q->campaign, e);
	if (rc >= 0)
		rc = campaign_check(c, e);
	if (rc >= 0)
		rc = read_text(q, e);
	if (rc >= 0 && (c->repo || c->commit))
		rc = repo_read(&q->seed, c->repo, c->commit, c->file, e);
	else if (rc >= 0)
		rc = repo_read_file(&q->seed, c->file, e);
	if (rc < 0)
		return rc;
	/* A duel draws from the key whatever the stream, so the holdout has a key of its own. */
	random_keyed(&r, c->seed_given ? (uint64_t)c->seed : 0,
		q->stream == CLADE_HOLDOUT ? HOLDOUT_KEY : SEARCH_KEY);
	random_bytes(&r, key, sizeof key);
	return trial_open(&q->trial, c, key, e);
}

/* --flags "-O2 -funroll-loops": a program's own flags, as show prints them. */
static void split_flags(struct job_program *p, char *flags)
{
	int count = 0;

	for (char *word; flags && count < JOB_FLAGS_MAX && (word = strsep(&flags, " ")) != NULL;) {
		if (*word)
			p->flags[count++] = word;
	}
	p->flags[count] = NULL;
}

static int evaluate(struct trial_outcome *out, struct request *q, struct err *e)
{
	struct job_program program = { .source = q->text, .source_bytes = q->size };
	struct job_program seed = { .source = q->seed.text, .source_bytes = q->seed.size };
	char *flags = text_copy(q->flags);
	struct region region;
	int rc;

	split_flags(&program, flags);
	rc = trial_screen(&region, out, &q->trial, &program, e);
	if (rc == 0)
		rc = trial_run(out, &q->trial, &program, &seed, &region, q->stream, e);
	free(flags);
	return rc < 0 ? rc : 0;
}

/* ---- what is told ---- */

static void print_text(const struct request *q, const struct trial_outcome *o)
{
	const struct manifest *m = q->trial.manifest;
	const struct clade_metric *fitness = &m->metrics[m->fitness_index];
	char value[128], span[32];

	printf("%s: %s\n", q->file, verdict_rows[o->verdict].name);
	if (o->reason)
		printf("  reason       %s\n", o->reason);
	if (o->verdict != VERDICT_OK)
		printf("  at stage     %s: %s\n", o->stage,
			cascade_rows[cascade_find(o->stage)].meaning);
	for (int i = 0; i < m->metric_count; i++) {
		if (!isfinite(o->metrics[i]))
			continue;
		viewer_value(value, &m->metrics[i], o->metrics[i],
			&m->metrics[i] == fitness ? o->low : NAN,
			&m->metrics[i] == fitness ? o->high : NAN);
		printf("  %-12s %s%s\n", m->metrics[i].name, value,
			&m->metrics[i] == fitness ? "  (the fitness)" : "");
	}
	for (int i = 0; i < m->feature_count; i++) {
		if (isfinite(o->features[i]) && m->features[i].source != CLADE_FROM_METRIC)
			printf("  %-12s %.6g%s%s\n", m->features[i].name, o->features[i],
				m->features[i].unit && *m->features[i].unit ? " " : "",
				m->features[i].unit ? m->features[i].unit : "");
	}
	text_human_span(span, o->wall_ns);
	printf("  cost         %s, %lld timed pairs\n", span, (long long)o->pairs);
}

static void print_json(const struct request *q, const struct trial_outcome *o)
{
	const struct manifest *m = q->trial.manifest;
	cJSON *object = cJSON_CreateObject(), *metrics, *features;
	char *text;

	json_put_text(object, "problem", m->name);
	json_put_text(object, "file", q->file);
	json_put_text(object, "stream", q->stream == CLADE_HOLDOUT ? "holdout" : "search");
	json_put_text(object, "verdict", verdict_rows[o->verdict].name);
	json_put_text(object, "reason", o->reason);
	json_put_text(object, "stage", o->stage);
	json_put_text(object, "fitness", m->fitness);
	json_put_double(object, "score", trial_fitness(&q->trial, o));
	json_put_double(object, "low", o->low);
	json_put_double(object, "high", o->high);
	metrics = json_put_object(object, "metrics");
	for (int i = 0; i < m->metric_count; i++)
		json_put_double(metrics, m->metrics[i].name, o->metrics[i]);
	features = json_put_object(object, "features");
	for (int i = 0; i < m->feature_count; i++)
		json_put_double(features, m->features[i].name, o->features[i]);
	if (o->cell >= 0)
		json_put_i64(object, "cell", o->cell);
	else
		json_put_text(object, "cell", NULL);
	json_put_i64(object, "pairs", o->pairs);
	json_put_i64(object, "code_bytes", o->code_bytes);
	json_put_i64(object, "wall_ns", o->wall_ns);
	json_put_i64(object, "cpu_ns", o->cpu_ns);
	cJSON_AddItemToObject(object, "machine", cJSON_Duplicate(q->trial.machine, 1));
	text = json_pretty(object);
	puts(text);
	free(text);
	cJSON_Delete(object);
}

static int answer(struct request *q)
{
	struct trial_outcome o = { .verdict = VERDICT_OK };
	struct err e = { 0 };
	int rc = prepare(q, &e);

	if (rc >= 0)
		rc = evaluate(&o, q, &e);
	if (rc < 0)
		return command_error("eval", &e);
	if (q->json)
		print_json(q, &o);
	else
		print_text(q, &o);
	trial_outcome_release(&o);
	return o.verdict == VERDICT_OK ? COMMAND_DONE : COMMAND_REFUSED;
}

static int eval(int argc, char **argv)
{
	struct request q = { .stream = CLADE_SEARCH };
	const char *words[2];
	const struct arguments_row rows[] = {
		{ .name = "--json", .type = ARGUMENTS_FLAG, .place = &q.json },
		{ .name = "--stream", .type = ARGUMENTS_TEXT, .place = &q.stream_name },
		{ .name = "--flags", .type = ARGUMENTS_TEXT, .place = &q.flags },
		{ .name = "--set", .type = ARGUMENTS_SETTINGS, .place = &q.settings },
		{ .name = NULL },
	};
	int end = arguments_read(words, 2, 2, rows, &command_eval, argc, argv);

	if (end == ARGUMENTS_GO_ON)
		end = check_stream(&q);
	if (end != ARGUMENTS_GO_ON)
		return end;
	q.problem = words[0];
	q.file = words[1];
	campaign_init(&q.campaign);
	end = answer(&q);
	trial_close(&q.trial);
	repo_source_release(&q.seed);
	campaign_release(&q.campaign);
	free(q.text);
	return end;
}

const struct command command_eval = {
	.name = "eval",
	.arguments =
		"PROBLEM FILE.c [--stream search|holdout] [--flags \"...\"] [--set KEY=VALUE] [--json]",
	.summary = "one source through the whole path, without a campaign",
	.help = "PROBLEM is a built-in's name, a problem folder or a campaign file. FILE.c\n"
		"goes the way of any candidate: allowed syntax, compile box, small check,\n"
		"full check, metrics; timed problems then measure it against the seed, on\n"
		"fresh layouts of both. The inputs are the same every time (--seed N draws\n"
		"others).\n"
		"\n"
		"  --stream S       search (the default), or holdout: the inputs that only\n"
		"                   confirmation uses\n"
		"  --flags \"...\"    flags of this program beside the target's, as show prints\n"
		"                   them\n"
		"  --set KEY=VALUE  any option of a campaign file (clade help options)\n"
		"  --json           one JSON object: verdict, reason, stage, score, low,\n"
		"                   high, metrics, features, cell, costs, machine\n"
		"\n"
		"A file without EVOLVE-BLOCK markers is taken by the function that the\n"
		"problem asks for; only its syntax is judged then.\n"
		"\n"
		"Exit status: 0 the verdict is ok, 1 the evaluation itself failed, 2 wrong\n"
		"usage, 4 the measuring CPU is held by another process, 5 any other verdict,\n"
		"or no such problem or file.\n",
	.exec = eval,
};
