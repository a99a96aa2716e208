#include "evaluators/plugin_files.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/text.h"

#define CLIMB_MAX \
	3 /* folders above the binary that are looked at: build/tests/unit/x is the deepest */

/* Only what belongs to root, to us or to the binary's owner counts: a folder above /tmp/x/clade is
 * anybody's. */
char *plugin_files_beside(const char *suffix)
{
	char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
	struct stat binary, found;

	if (size < 0)
		return NULL;
	path[size] = 0;
	if (stat(path, &binary) < 0)
		return NULL;
	for (int i = 0; i <= CLIMB_MAX; i++) {
		char *slash = strrchr(path, '/'), *name;

		if (!slash)
			break;
		*slash = 0;
		name = text_format("%s/%s", path, suffix);
		if (stat(name, &found) == 0 &&
			(found.st_uid == 0 || found.st_uid == geteuid() ||
				found.st_uid == binary.st_uid))
			return name;
		free(name);
	}
	return NULL;
}

bool plugin_files_is_problem(const char *dir)
{
	char *source = text_format("%s/evaluator.c", dir);
	bool found = fdio_exists(source);

	free(source);
	return found;
}

void plugin_files_roots(char *roots[4])
{
	const char *own = getenv("CLADE_PROBLEMS");
	int n = 0;

	if (own && *own)
		roots[n++] = text_copy(own);
	if ((roots[n] = plugin_files_beside("evaluators/problems")) != NULL)
		n++;
	if ((roots[n] = plugin_files_beside("share/clade/problems")) != NULL)
		n++;
	roots[n] = NULL;
}

char *plugin_files_dir(const char *path)
{
	char *real = realpath(path, NULL), *out = NULL;

	if (real && plugin_files_is_problem(real))
		out = text_copy(real);
	free(real);
	return out;
}

char *plugin_files_builtin(const char *name)
{
	char *roots[4], *out = NULL;

	plugin_files_roots(roots);
	for (int i = 0; roots[i] && !out; i++) {
		char *path = text_format("%s/%s", roots[i], name);

		out = plugin_files_dir(path);
		free(path);
	}
	for (int i = 0; roots[i]; i++)
		free(roots[i]);
	return out;
}
