#include "evaluators/cascade.h"

#include <string.h>

const struct cascade_row cascade_rows[CASCADE_COUNT] = {
	[CASCADE_EDIT] = { "edit", "orchestrator",
		"the mutator's text is put into the evolved region; its limits and syntax are held" },
	[CASCADE_TOKEN] = { "token", "orchestrator",
		"the region's tokens are hashed and looked up" },
	[CASCADE_COMPILE] = { "compile", "compile box",
		"candidate, adapter and support files become one image" },
	[CASCADE_OBJECT] = { "object", "orchestrator", "the image is hashed and looked up" },
	[CASCADE_SMALL_CHECK] = { "small_check", "run box",
		"a few probe inputs, all answers checked" },
	[CASCADE_FULL_CHECK] = { "full_check", "run box",
		"the search stream, or every round of the check stream" },
	[CASCADE_RACE] = { "race", "run box",
		"timed pairs against a rival and the seed, stopped as soon as it is lost" },
	[CASCADE_DUEL] = { "duel", "run box",
		"fresh layouts of both sides, replacement, independent report" },
	[CASCADE_TUNE] = { "tune", "run box", "constants fitted to the evaluator's residuals" },
	[CASCADE_COMMIT] = { "commit", "orchestrator", "one transaction for the result" },
};

int cascade_find(const char *name)
{
	for (int i = 0; name && i < CASCADE_COUNT; i++) {
		if (strcmp(cascade_rows[i].name, name) == 0)
			return i;
	}
	return -1;
}
