#include "tests/support/scratch.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"

int scratch_enter(void **state)
{
	const char *parent = getenv("TMPDIR");
	char *folder = text_format("%s/scratch.XXXXXX", parent ? parent : "/tmp");

	*state = folder;
	return !mkdtemp(folder) || chdir(folder) < 0;
}

int scratch_leave(void **state)
{
	char *command = text_format("rm -rf '%s'", (char *)*state);
	int rc = chdir("/") < 0 || system(command) != 0;

	free(command);
	free(*state);
	return rc;
}

int scratch_clear(void **state)
{
	(void)state;
	return system("rm -rf -- *");
}
