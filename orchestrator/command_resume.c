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

/* The option that a setting names: "parameters.instances" names "parameters". */
static const struct option *option_of(const char *path, const char *assignment)
{
	size_t size = path != NULL ? strlen(path) : strcspn(assignment, "=");
	char *name = text_copy_n(path != NULL ? path : assignment, size);
	const struct option *o = option_find(name);

	if (o == NULL && strchr(name, '.') != NULL) {
		*strchr(name, '.') = '\0';
		o = option_find(name);
	}
	free(name);
	return o;
}

/* What a score means is settled when a campaign begins; old and new scores would mix. */
static int refuse_fixed(const struct arguments_settings *settings, struct err *e)
{
	for (int i = 0; i < settings->count; i++) {
		const struct option *o = option_of(settings->rows[i].path, settings->rows[i].value);

		if (o != NULL && o->fixed)
			return err_set(e, ERR_ARGS, "%s is part of what a score means and stays as it was when the campaign began; start a new "
				"campaign with clade run", o->path);
	}
	return 0;
}

static bool spent(const struct campaign *c, int64_t elapsed_ns, int64_t evaluations)
{
	return (c->wall_ns > 0 && elapsed_ns >= c->wall_ns) || (c->evaluations > 0 && evaluations >= c->evaluations);
}

/* Settings given now are stored by the session, once the campaign is open. */
static int settle_settings(struct campaign *c, const struct arguments_settings *settings, struct err *e)
{
	int rc = refuse_fixed(settings, e);

	if (rc >= 0)
		rc = arguments_apply(settings, c, e);
	if (rc >= 0)
		rc = campaign_check(c, e);
	return rc < 0 ? rc : 0;
}

static int exec_resume(int argc, char **argv)
{
	struct engine_options o = { .resume = true };
	struct arguments_settings settings = { .count = 0 };
	const struct arguments_row rows[] = {
		{ .name = "--wall", .type = ARGUMENTS_SPAN, .place = &o.wall_ns },
		{ .name = "--evaluations", .type = ARGUMENTS_COUNT, .place = &o.evaluations, .low = 1, .high = INT64_MAX },
		{ .name = "--set", .type = ARGUMENTS_SETTINGS, .place = &settings },
		{ .name = "--quiet", .type = ARGUMENTS_FLAG, .place = &o.quiet },
		{ .name = "--json", .type = ARGUMENTS_FLAG, .place = &o.json },
		{ .name = NULL },
	};
	struct campaign c;
	struct err e = { 0 };
	char *text = NULL;
	int64_t elapsed_ns = 0, done = 0;
	int rc, status = arguments_read(&o.path, 1, 1, rows, command_find("resume"), argc, argv);

	if (status != ARGUMENTS_GO_ON)
		return status;
	campaign_init(&c);
	rc = stored_settings(&c, &text, &elapsed_ns, &done, o.path, &e);
	if (rc >= 0)
		rc = settle_settings(&c, &settings, &e);
	if (rc < 0) {
		status = command_error("resume", &e);
	} else if (o.wall_ns == 0 && o.evaluations == 0 && spent(&c, elapsed_ns, done)) {
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
		"  --set KEY=VALUE    change an option; it is stored with the campaign; may be repeated; not those\n"
		"                     that settle what a score means: source, target, build, seed, parameters\n"
		"  --quiet            no progress display\n"
		"  --json             the summary as one JSON object\n"
		"\n"
		"Nothing committed is lost or counted twice; what was in flight is evaluated again. On another machine the elites are measured\n"
		"again before the campaign goes on.\n"
		"\n"
		"Exit status: 0 finished, 1 failed, 2 usage, 3 stopped (resumable), 4 the file is held by another process.\n",
	.exec = exec_resume,
};
