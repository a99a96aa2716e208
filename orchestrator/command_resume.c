#include "orchestrator/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "base/err.h"
#include "base/text.h"
#include "orchestrator/arguments.h"
#include "orchestrator/campaign.h"
#include "orchestrator/session.h"

/* The settings as stored, then those of the command line; the latter are stored for the next session. */
static int stored_settings(struct campaign *c, char **text, int64_t *elapsed_ns, int64_t *evaluations, const char *path, struct err *e)
{
	struct archive *a = NULL;
	struct archive_totals t;
	char *dir = NULL;
	int rc = archive_open(&a, path, ARCHIVE_READ, e);

	if (rc >= 0)
		rc = archive_meta(text, a, "settings", e);
	if (rc >= 0)
		rc = archive_meta(&dir, a, "problem_dir", e);
	if (rc >= 0)
		rc = archive_totals(&t, a, e);
	if (rc >= 0)
		rc = campaign_parse(c, *text, path, dir, e);
	if (rc >= 0 && c->problem_dir == NULL)
		c->problem_dir = text_copy(dir);
	if (rc >= 0) {
		*elapsed_ns = t.elapsed_ns;
		*evaluations = t.evaluations;
	}
	free(dir);
	archive_close(a);
	return rc < 0 ? rc : 0;
}

static int store_settings(const char *path, const struct campaign *c, struct err *e)
{
	struct archive *a = NULL;
	int rc = archive_open(&a, path, ARCHIVE_WRITE, e);

	if (rc >= 0)
		rc = archive_meta_set(a, "settings", c->text, e);
	archive_close(a);
	return rc < 0 ? rc : 0;
}

static int session_limits(struct engine_options *o, const char *wall, const char *evaluations, struct err *e)
{
	if (wall != NULL && (text_parse_duration_ns(&o->wall_ns, wall) < 0 || o->wall_ns <= 0))
		return err_set(e, ERR_ARGS, "--wall %s: give a time such as 90s, 10m or 2h", wall);
	if (evaluations != NULL && (text_parse_i64(&o->evaluations, evaluations) < 0 || o->evaluations <= 0))
		return err_set(e, ERR_ARGS, "--evaluations %s: give a number above 0", evaluations);
	return 0;
}

static bool spent(const struct campaign *c, int64_t elapsed_ns, int64_t evaluations)
{
	return (c->wall_ns > 0 && elapsed_ns >= c->wall_ns) || (c->evaluations > 0 && evaluations >= c->evaluations);
}

static int exec_resume(int argc, char **argv)
{
	const char *plain[ARGUMENTS_PLAIN_MAX], *wall = NULL, *evaluations = NULL;
	struct argument_values sets = { .count = 0 };
	bool quiet = false, json = false;
	const struct argument table[] = {
		{ "wall", "SPAN", "", NULL, &wall, NULL }, { "evaluations", "N", "", NULL, &evaluations, NULL },
		{ "set", "KEY=VALUE", "", NULL, NULL, &sets }, { "quiet", NULL, "", &quiet, NULL, NULL },
		{ "json", NULL, "", &json, NULL, NULL }, { NULL, NULL, NULL, NULL, NULL, NULL },
	};
	struct engine_options o = { .resume = true };
	struct campaign c;
	struct err e = { 0 };
	char *text = NULL;
	int64_t elapsed_ns = 0, done = 0;
	int count, rc, status = arguments_read(plain, &count, 1, 1, table, argc, argv);

	if (status != -1)
		return status;
	campaign_init(&c);
	rc = stored_settings(&c, &text, &elapsed_ns, &done, plain[0], &e);
	for (int i = 0; i < sets.count && rc >= 0; i++)
		rc = option_assign(&c, sets.at[i], &e);
	if (rc >= 0)
		rc = campaign_check(&c, &e);
	if (rc >= 0)
		rc = session_limits(&o, wall, evaluations, &e);
	if (rc >= 0 && sets.count > 0)
		rc = store_settings(plain[0], &c, &e);
	o.path = plain[0];
	o.quiet = quiet;
	o.json = json;
	if (rc < 0) {
		status = command_error("resume", &e);
	} else if (wall == NULL && evaluations == NULL && spent(&c, elapsed_ns, done)) {
		printf("the campaign has spent its budget; extend it with --wall SPAN or --evaluations N\n");
		status = COMMAND_DONE;
	} else {
		status = session_run("resume", &c, &o);
	}
	free(text);
	campaign_release(&c);
	return status;
}

const struct command command_resume = {
	.name = "resume",
	.arguments = "FILE [--wall SPAN] [--evaluations N] [--set KEY=VALUE]",
	.summary = "go on with a campaign, after Ctrl-C, a kill, or its end",
	.help =
		"  --wall SPAN        go on for so long from now: 90s, 10m, 2h\n"
		"  --evaluations N    go on for N more evaluations\n"
		"  --set KEY=VALUE    change an option; it is stored with the campaign; may be repeated\n"
		"  --quiet            no progress display\n"
		"  --json             the summary as one JSON object\n"
		"\n"
		"Nothing committed is lost or counted twice; what was in flight is evaluated again. On another machine the elites are measured\n"
		"again before the campaign goes on.\n"
		"\n"
		"Exit status: 0 finished, 1 failed, 2 usage, 3 stopped (resumable), 4 the file is held by another process.\n",
	.exec = exec_resume,
};
