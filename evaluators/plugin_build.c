#include <errno.h>
#include <dirent.h>
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

#define COMPILER "cc"
#define SOURCES_MAX 64 /* .c and .h files of a problem folder that the cache name covers */
#define SOURCE_BYTES_MAX (8u << 20)
#define DIAGNOSTICS_MAX 65536

extern char **environ;

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_source(const char *name)
{
	size_t size = strlen(name);

	return name[0] != '.' && size > 2 &&
		(strcmp(name + size - 2, ".c") == 0 || strcmp(name + size - 2, ".h") == 0);
}

/* Names of the folder's C files, sorted, so that the cache name is a function of their contents. */
static int list_sources(char **names, const char *dir_name, struct err *e)
{
	DIR *dir = opendir(dir_name);
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return err_errno(e, ERR_IO, "%s", dir_name);
	while ((entry = readdir(dir)) != NULL && count < SOURCES_MAX) {
		if (is_source(entry->d_name))
			names[count++] = text_copy(entry->d_name);
	}
	closedir(dir);
	qsort(names, (size_t)count, sizeof(*names), by_name);
	return count;
}

static int add_file(struct buffer *all, const char *path, struct err *e)
{
	char *text = NULL;
	size_t size;
	int rc = fdio_read_file(&text, &size, path, SOURCE_BYTES_MAX, e);

	if (rc < 0)
		return rc;
	rc = buffer_format(all, "%s %zu\n", path, size);
	if (rc == 0)
		rc = buffer_add(all, text, size);
	free(text);
	return rc;
}

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

/* The hash that names the cached object: sources, evaluator.h and compiler. */
static int cache_name(char hex[HASH_HEX], const char *dir, const char *header, struct err *e)
{
	char *names[SOURCES_MAX] = { NULL };
	struct buffer all;
	struct hash h;
	int count = list_sources(names, dir, e), rc = count;

	buffer_init(&all, 4 * SOURCE_BYTES_MAX);
	for (int i = 0; rc >= 0 && i < count; i++) {
		char *path = text_format("%s/%s", dir, names[i]);

		rc = add_file(&all, path, e);
		free(path);
	}
	if (rc >= 0)
		rc = add_file(&all, header, e);
	add_compiler(&all);
	h = hash_plain(all.bytes, all.size);
	hash_hex(hex, &h);
	buffer_release(&all);
	for (int i = 0; i < count; i++)
		free(names[i]);
	return rc < 0 ? rc : 0;
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

/* The object that the build left for a built-in, unless somebody edited the folder since. */
static char *built_object(const char *dir)
{
	static const char *const places[] = { "problems/%s.so", "lib/clade/%s.so" };
	const char *name = strrchr(dir, '/') + 1;
	char *builtin = plugin_files_builtin(name), *out = NULL;

	for (size_t i = 0; text_equal(builtin, dir) && i < 2 && !out; i++) {
		char *suffix = i == 0 ? text_format(places[0], name) : text_format(places[1], name);
		char *source = text_format("%s/evaluator.c", dir);
		struct stat text, object;

		out = plugin_files_beside(suffix);
		if (out &&
			(stat(source, &text) < 0 || stat(out, &object) < 0 ||
				text.st_mtime > object.st_mtime)) {
			free(out);
			out = NULL;
		}
		free(source);
		free(suffix);
	}
	free(builtin);
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
	rc = cache_name(hex, dir, include, e);
	if (rc == 0)
		rc = open_cache(&cache, e);
	if (rc == 0) {
		path = text_format("%s/%s-%s.so", cache, strrchr(dir, '/') + 1, hex);
		include[strlen(include) - strlen("/clade/evaluator.h")] = 0;
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
