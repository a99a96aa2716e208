#include "orchestrator/command.h"

#include <unistd.h>

#include "evaluators/worker.h"
#include "mutators/tune.h"
#include "orchestrator/arguments.h"

static int exec_worker(int argc, char **argv)
{
	const struct arguments_row rows[] = { { .name = NULL } };
	const struct worker_hooks hooks = { .tune = tune_constants };
	int status = arguments_read(NULL, 0, 0, rows, command_find("worker"), argc, argv);

	if (status != ARGUMENTS_GO_ON)
		return status;
	if (isatty(STDIN_FILENO))
		return command_fail("worker", COMMAND_USAGE,
			"a worker speaks frames with an orchestrator on its input and output; clade run starts it");
	return worker_serve(STDIN_FILENO, STDOUT_FILENO, &hooks);
}

const struct command command_worker = {
	.name = "worker",
	.arguments = "",
	.summary = "measure for an orchestrator over standard input and output",
	.help = "Started by clade run through the launcher of the campaign (option launcher),\n"
		"here, by ssh or by srun. It takes everything from its input; it opens no\n"
		"campaign file and needs no environment.\n"
		"\n"
		"Exit status: 0 after a goodbye, 3 when the connection broke.\n",
	.exec = exec_worker,
	.hidden = 1,
};
