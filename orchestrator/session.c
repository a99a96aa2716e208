#include "orchestrator/session.h"

#include <stdio.h>

#include "base/err.h"
#include "base/fdio.h"
#include "orchestrator/command.h"
#include "orchestrator/summary.h"

int session_run(const char *command, struct campaign *c, const struct engine_options *o)
{
	enum engine_end end;
	struct err e = { 0 }, ignored = { 0 };
	int rc = engine_run(&end, c, o, &e);

	if (rc < 0 && e.code == ERR_BUSY)
		return command_error(command, &e);
	if (rc < 0) {
		command_error(command, &e);
		/* what was found before the failure is still worth telling, if there is a file at all */
		if (fdio_exists(o->path) && end != ENGINE_SEED_REFUSED)
			summary_print(c, o->path, end, o->json, &ignored);
		return end == ENGINE_SEED_REFUSED ? COMMAND_REFUSED : COMMAND_FAILED;
	}
	if (summary_print(c, o->path, end, o->json, &e) < 0)
		return command_error(command, &e);
	return end == ENGINE_STOPPED ? COMMAND_STOPPED : COMMAND_DONE;
}
