#include "orchestrator/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/text.h"
#include "orchestrator/arguments.h"
#include "orchestrator/campaign.h"
#include "orchestrator/session.h"

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
	const char *problem = NULL, *file = NULL;
	struct arguments_settings settings = { .count = 0 };
	bool quiet = false, json = false;
	const struct arguments_row rows[] = {
		{ .name = "--file", .type = ARGUMENTS_TEXT, .place = &file },
		{ .name = "--set", .type = ARGUMENTS_SETTINGS, .place = &settings },
		{ .name = "--quiet", .type = ARGUMENTS_FLAG, .place = &quiet },
		{ .name = "--json", .type = ARGUMENTS_FLAG, .place = &json },
		{ .name = NULL },
	};
	struct campaign c;
	struct err e = { 0 };
	char *name;
	int rc, status = arguments_read(&problem, 1, 1, rows, command_find("run"), argc, argv);

	if (status != ARGUMENTS_GO_ON)
		return status;
	campaign_init(&c);
	rc = campaign_load(&c, problem, &e);
	if (rc >= 0)
		rc = arguments_apply(&settings, &c, &e);
	if (rc >= 0)
		rc = campaign_check(&c, &e);
	if (rc < 0) {
		campaign_release(&c);
		return command_error("run", &e);
	}
	name = file != NULL ? text_copy(file) : free_name(&c);
	status = session_run("run", &c, &(struct engine_options){ .path = name, .quiet = quiet, .json = json });
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
