#include "orchestrator/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/text.h"
#include "orchestrator/arguments.h"
#include "orchestrator/campaign.h"
#include "orchestrator/session.h"

/* A flag of the command that is an option of the campaign. */
static int set_flag(struct campaign *c, const char *path, const char *value, struct err *e)
{
	if (value == NULL)
		return 0;
	return option_set(c, path, value, (struct option_origin){ 0 }, e);
}

static int settings(struct campaign *c, const char *problem, const struct argument_values *sets, const char *const flags[5], struct err *e)
{
	static const char *const paths[5] = { "seed", "workers", "budget.evaluations", "budget.wall", "on_best" };
	int rc = campaign_load(c, problem, e);

	for (int i = 0; i < sets->count && rc >= 0; i++)
		rc = option_assign(c, sets->at[i], e);
	for (int i = 0; i < 5 && rc >= 0; i++)
		rc = set_flag(c, paths[i], flags[i], e);
	if (rc >= 0)
		rc = campaign_check(c, e);
	return rc < 0 ? rc : 0;
}

/* "exp2_ops.clade" in the current folder, or with a number behind it when that exists. */
static char *free_name(const struct campaign *c)
{
	const char *slash = c->problem_dir != NULL ? c->problem_dir + strlen(c->problem_dir) : "";
	char *name;

	while (slash > c->problem_dir && slash[-1] != '/')
		slash--;
	name = text_format("%s.clade", slash);
	for (int i = 2; fdio_exists(name); i++) {
		free(name);
		name = text_format("%s-%d.clade", slash, i);
	}
	return name;
}

static int exec_run(int argc, char **argv)
{
	const char *plain[ARGUMENTS_PLAIN_MAX], *file = NULL, *flags[5] = { NULL };
	struct argument_values sets = { .count = 0 };
	bool quiet = false, json = false;
	const struct argument table[] = {
		{ "file", "OUT.clade", "", NULL, &file, NULL }, { "seed", "N", "", NULL, &flags[0], NULL },
		{ "workers", "N", "", NULL, &flags[1], NULL }, { "evaluations", "N", "", NULL, &flags[2], NULL },
		{ "wall", "SPAN", "", NULL, &flags[3], NULL }, { "on-best", "CMD", "", NULL, &flags[4], NULL },
		{ "set", "KEY=VALUE", "", NULL, NULL, &sets }, { "quiet", NULL, "", &quiet, NULL, NULL },
		{ "json", NULL, "", &json, NULL, NULL }, { NULL, NULL, NULL, NULL, NULL, NULL },
	};
	struct engine_options o = { 0 };
	struct campaign c;
	struct err e = { 0 };
	char *name = NULL;
	int count, status = arguments_read(plain, &count, 1, 1, table, argc, argv);

	if (status != -1)
		return status;
	campaign_init(&c);
	if (settings(&c, plain[0], &sets, flags, &e) < 0) {
		campaign_release(&c);
		return command_error("run", &e);
	}
	name = file != NULL ? text_copy(file) : free_name(&c);
	o = (struct engine_options){ .path = name, .quiet = quiet, .json = json };
	status = session_run("run", &c, &o);
	free(name);
	campaign_release(&c);
	return status;
}

const struct command command_run = {
	.name = "run",
	.arguments = "PROBLEM [--file OUT.clade] [options]",
	.summary = "start a campaign",
	.help =
		"PROBLEM is a built-in's name (clade problems), a problem folder, or a campaign file.\n"
		"\n"
		"  --file OUT.clade   the campaign's file (default: PROBLEM.clade here, numbered when it exists)\n"
		"  --seed N           seed of the random numbers; chosen and printed when not given\n"
		"  --workers N        measuring slots (default: from the machine and the problem)\n"
		"  --evaluations N    stop after N evaluations\n"
		"  --wall SPAN        stop after a time: 90s, 10m, 2h, 3d\n"
		"  --set KEY=VALUE    any option of a campaign file; may be repeated (clade help options)\n"
		"  --on-best CMD      run CMD by the shell on a new best, with CLADE_FILE, CLADE_ID, CLADE_FITNESS and CLADE_PROBLEM\n"
		"  --quiet            no progress display\n"
		"  --json             the summary as one JSON object\n"
		"\n"
		"Ctrl-C finishes what runs, commits it and stops; clade resume goes on. A second Ctrl-C stops at once; nothing committed is lost.\n"
		"\n"
		"Exit status: 0 finished, 1 failed, 2 usage, 3 stopped (resumable), 4 the file is held by another process, 5 the seed was refused.\n",
	.exec = exec_run,
};
