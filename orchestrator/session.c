#include "orchestrator/session.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/text.h"
#include "orchestrator/command.h"
#include "orchestrator/summary.h"

/* A campaign whose seed was refused holds nothing: the mended seed may have its name. */
static void forget(const char *path)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-lock" };

	for (int i = 0; i < 4; i++) {
		char *name = text_format("%s%s", path, suffixes[i]);

		unlink(name);
		free(name);
	}
}

int session_run(const char *command, struct campaign *c, const struct engine_options *o)
{
	enum engine_end end;
	struct err e = { 0 }, ignored = { 0 };
	int rc = engine_run(&end, c, o, &e);

	if (rc < 0 && e.code == ERR_BUSY)
		return command_error(command, &e);
	if (rc < 0 && end == ENGINE_SEED_REFUSED && !o->resume)
		forget(o->path);
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
