#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/hash.h"
#include "base/text.h"
#include "evaluators/plugin.h"
#include "evaluators/plugin_files.h"
#include "evaluators/plugin_sources.h"

#define COMPILER "cc"
#define LISTING_MAX (64u << 20) /* one line for each file of a folder: paths are at most 4 KB */
#define DIAGNOSTICS_MAX 65536

extern char **environ;

/* The compiler by what stat says of it: asking it for its version would cost a process for each
 * start. */
static void add_compiler(struct buffer *all)
{
	char *path = text_copy(getenv("PATH") ? getenv("PATH") : "/usr/local/bin:/usr/bin:/bin"),
	     *rest = path, *dir;

	while ((dir = strsep(&rest, ":")) != NULL) {
		char *name = text_format("%s/" COMPILER, dir);
		struct stat st;
		bool found = stat(name, &st) == 0;

		if (found)
			buffer_format(all, "%s %lld %lld %lld\n", name, (long long)st.st_size,
				(long long)st.st_mtime, (long long)st.st_ino);
		free(name);
		if (found)
			break;
	}
	free(path);
}

/* The hash that names the cached object: the folder, the public headers and the compiler. */
static int cache_name(char hex[HASH_HEX], const char *dir, const char *headers, struct err *e)
{
	struct buffer all;
	struct hash h;
	int rc;

	buffer_init(&all, LISTING_MAX);
	rc = plugin_sources_add(&all, dir, e);
	if (rc == 0)
		rc = plugin_sources_add(&all, headers, e);
	if (rc == 0) {
		add_compiler(&all);
		h = hash_plain(all.bytes, all.size);
		hash_hex(hex, &h);
	}
	buffer_release(&all);
	return rc;
}

static char *cache_folder(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	struct passwd *user;

	if (cache && *cache == '/')
		return text_format("%s/clade", cache);
	if (home && *home == '/')
		return text_format("%s/.cache/clade", home);
	user = getpwuid(geteuid()); /* an empty environment, as under some launchers */
	if (user && user->pw_dir && fdio_exists(user->pw_dir) && access(user->pw_dir, W_OK) == 0)
		return text_format("%s/.cache/clade", user->pw_dir);
	return text_format("/tmp/clade-%u", (unsigned)geteuid());
}

/* A cache that somebody else can write into would hand us their code. */
static int open_cache(char **out, struct err *e)
{
	char *dir = cache_folder();
	struct stat st;
	int rc = fdio_make_dirs(dir, e);

	if (rc == 0 && lstat(dir, &st) < 0)
		rc = err_errno(e, ERR_IO, "%s", dir);
	if (rc == 0 && (!S_ISDIR(st.st_mode) || st.st_uid != geteuid()))
		rc = err_set(e, ERR_IO,
			"%s is not a folder of yours: remove it, or set XDG_CACHE_HOME", dir);
	if (rc == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) && chmod(dir, 0700) < 0)
		rc = err_errno(e, ERR_IO, "%s can be written by others", dir);
	if (rc < 0)
		free(dir);
	else
		*out = dir;
	return rc;
}

/* The compiler's first error line, for people; the whole text is in fd. */
static int compiler_failed(int fd, struct err *e)
{
	char *text = NULL, *at, *end;
	size_t size;

	if (fdio_read_fd(&text, &size, fd, DIAGNOSTICS_MAX, NULL) < 0)
		return err_set(e, ERR_ARGS, "the evaluator does not compile");
	at = strstr(text, "error:");
	while (at && at > text && at[-1] != '\n')
		at--;
	at = at ? at : text;
	end = strchr(at, '\n');
	if (end)
		*end = 0;
	err_set(e, ERR_ARGS, "the evaluator does not compile: %s",
		*at ? at : "the compiler said nothing");
	free(text);
	return ERR_ARGS;
}

static int spawn_compiler(char *const argv[], int diagnostics, struct err *e)
{
	posix_spawn_file_actions_t actions;
	int status = 0, rc;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, diagnostics, 1);
	posix_spawn_file_actions_adddup2(&actions, diagnostics, 2);
	rc = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0) {
		errno = rc;
		return err_errno(e, ERR_MISSING,
			"the C compiler '%s' does not start (Debian: apt-get install gcc)",
			argv[0]);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : compiler_failed(diagnostics, e);
}

/* Compile into a name of our own and rename: two processes that build at once leave one whole file.
 */
static int build_object(const char *so, const char *dir, const char *include, struct err *e)
{
	char *temporary = text_format("%s.%ld", so, (long)getpid());
	char *source = text_format("%s/evaluator.c", dir);
	char *argv[] = { COMPILER, "-std=c17", "-D_GNU_SOURCE", "-O2", "-g", "-fPIC", "-shared",
		"-I", (char *)(uintptr_t)include, "-I", (char *)(uintptr_t)dir, "-o", temporary,
		source, "-lm", NULL };
	int diagnostics = memfd_create("compiler", MFD_CLOEXEC), rc;

	if (diagnostics < 0)
		rc = err_errno(e, ERR_IO, "memfd_create");
	else
		rc = spawn_compiler(argv, diagnostics, e);
	if (rc == 0 && rename(temporary, so) < 0)
		rc = err_errno(e, ERR_IO, "%s", so);
	if (rc < 0)
		unlink(temporary);
	if (diagnostics >= 0)
		close(diagnostics);
	free(source);
	free(temporary);
	return rc;
}

/* The object beside the binary that belongs to this folder, if the folder is one beside it too. A
 * folder of CLADE_PROBLEMS may have a built-in's name: its evaluator is another. */
static char *shipped_object(const char *dir, const char *problems, const char *objects)
{
	const char *name = strrchr(dir, '/') + 1;
	char *folder = text_format("%s/%s", problems, name), *beside = plugin_files_beside(folder),
	     *real = beside ? plugin_files_dir(beside) : NULL,
	     *object = text_format("%s/%s.so", objects, name), *out = NULL;

	if (text_equal(real, dir))
		out = plugin_files_beside(object);
	free(object);
	free(real);
	free(beside);
	free(folder);
	return out;
}

/* The object that the build left for a built-in, unless somebody edited the folder since. */
static char *built_object(const char *dir)
{
	char *out = shipped_object(dir, "evaluators/problems", "problems");
	struct stat object;

	if (!out)
		out = shipped_object(dir, "share/clade/problems", "lib/clade");
	if (out && (stat(out, &object) < 0 || plugin_sources_newer(dir, &object.st_mtim))) {
		free(out);
		out = NULL;
	}
	return out;
}

static int build_cached(char **so, const char *dir, struct err *e)
{
	char *include = plugin_files_beside("include/clade/evaluator.h"), *cache = NULL,
	     *path = NULL;
	char hex[HASH_HEX];
	int rc;

	if (!include)
		return err_set(e, ERR_MISSING,
			"include/clade/evaluator.h is not beside this clade: install it, or run make");
	*strrchr(include, '/') = 0;
	rc = cache_name(hex, dir, include, e);
	if (rc == 0)
		rc = open_cache(&cache, e);
	if (rc == 0) {
		path = text_format("%s/%s-%s.so", cache, strrchr(dir, '/') + 1, hex);
		*strrchr(include, '/') = 0; /* <clade/evaluator.h> */
		if (!fdio_exists(path))
			rc = build_object(path, dir, include, e);
	}
	free(include);
	free(cache);
	if (rc < 0)
		free(path);
	else
		*so = path;
	return rc;
}

int plugin_build(char **so, const char *dir, struct err *e)
{
	char *real = realpath(dir, NULL), *found;
	int rc = 0;

	if (!real || !plugin_files_is_problem(real)) {
		free(real);
		return err_set(
			e, ERR_MISSING, "%s is no problem folder: it has no evaluator.c", dir);
	}
	found = built_object(real);
	if (found)
		*so = found;
	else
		rc = build_cached(so, real, e);
	if (rc < 0)
		err_in(e, "%s", dir);
	free(real);
	return rc;
}
