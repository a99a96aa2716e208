#include "evaluators/plugin.h"

#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pwd.h>
#include <signal.h>
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
#include "base/memory.h"
#include "base/text.h"

#define COMPILER "cc"
#define BUILTINS_MAX 256
#define SOURCES_MAX 64               /* .c and .h files of a problem folder that the cache name covers */
#define SOURCE_BYTES_MAX (8u << 20)
#define DIAGNOSTICS_MAX 65536
#define CLIMB_MAX 3                  /* folders above the binary that are looked at: build/tests/unit/x is the deepest */

extern char **environ;

/* ---- places beside the binary ---- */

/*
 * base/suffix for the binary's folder and those above it, if it exists. Only what belongs to root, to us or to the binary's owner counts: a
 * folder above /tmp/x/clade is anybody's.
 */
static char *beside_binary(const char *suffix)
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
		if (stat(name, &found) == 0 && (found.st_uid == 0 || found.st_uid == geteuid() || found.st_uid == binary.st_uid))
			return name;
		free(name);
	}
	return NULL;
}

/* The folders that hold problem folders, best first; NULL-ended, owned. */
static void problem_roots(char *roots[4])
{
	const char *own = getenv("CLADE_PROBLEMS");
	int n = 0;

	if (own && *own)
		roots[n++] = text_copy(own);
	if ((roots[n] = beside_binary("evaluators/problems")) != NULL)
		n++;
	if ((roots[n] = beside_binary("share/clade/problems")) != NULL)
		n++;
	roots[n] = NULL;
}

static void free_texts(char **texts)
{
	for (char **at = texts; at && *at; at++)
		free(*at);
}

static bool is_problem(const char *dir)
{
	char *source = text_format("%s/evaluator.c", dir);
	bool found = fdio_exists(source);

	free(source);
	return found;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_listed(char **names, int count, const char *name)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static int add_problems(char **names, int count, const char *root)
{
	DIR *dir = opendir(root);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL && count < BUILTINS_MAX) {
		char *path = text_format("%s/%s", root, entry->d_name);

		if (entry->d_name[0] != '.' && is_problem(path) && !is_listed(names, count, entry->d_name))
			names[count++] = text_copy(entry->d_name);
		free(path);
	}
	if (dir)
		closedir(dir);
	return count;
}

char **plugin_names(void)
{
	char **names = memory_array(BUILTINS_MAX + 1, sizeof(*names)), *roots[4];
	int count = 0;

	problem_roots(roots);
	for (int i = 0; roots[i]; i++)
		count = add_problems(names, count, roots[i]);
	free_texts(roots);
	qsort(names, (size_t)count, sizeof(*names), by_name);
	return names;
}

static int missing(const char *name, struct err *e)
{
	char **names = plugin_names();
	size_t count = 0;
	const char *nearest;
	int rc;

	while (names[count])
		count++;
	nearest = text_nearest(name, (const char *const *)names, count);
	if (nearest)
		rc = err_set(e, ERR_MISSING, "there is no problem '%s'; did you mean '%s'?", name, nearest);
	else
		rc = err_set(e, ERR_MISSING, "there is no problem '%s': neither a built-in (see clade problems) nor a folder with evaluator.c", name);
	free_texts(names);
	free(names);
	return rc;
}

/* The real path of a problem folder, or NULL. */
static char *usable_dir(const char *path)
{
	char *real = realpath(path, NULL), *out = NULL;

	if (real && is_problem(real))
		out = text_copy(real);
	free(real);
	return out;
}

static char *find_builtin(const char *name)
{
	char *roots[4], *out = NULL;

	problem_roots(roots);
	for (int i = 0; roots[i] && !out; i++) {
		char *path = text_format("%s/%s", roots[i], name);

		out = usable_dir(path);
		free(path);
	}
	free_texts(roots);
	return out;
}

/* A folder, or the folder of a campaign file. */
static char *find_path(const char *path)
{
	struct stat st;
	char *copy, *slash, *out;

	if (stat(path, &st) < 0)
		return NULL;
	if (S_ISDIR(st.st_mode))
		return usable_dir(path);
	copy = text_copy(path);
	slash = strrchr(copy, '/');
	if (slash)
		*slash = 0;
	out = usable_dir(slash ? (*copy ? copy : "/") : ".");
	free(copy);
	return out;
}

int plugin_find_problem(char **dir, const char *name_or_path, struct err *e)
{
	char *found = strchr(name_or_path, '/') ? NULL : find_builtin(name_or_path);

	if (!found)
		found = find_path(name_or_path);
	if (!found)
		return missing(name_or_path, e);
	*dir = found;
	return 0;
}

/* ---- building ---- */

static bool is_source(const char *name)
{
	size_t size = strlen(name);

	return name[0] != '.' && size > 2 && (strcmp(name + size - 2, ".c") == 0 || strcmp(name + size - 2, ".h") == 0);
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

/* The compiler by what stat says of it: asking it for its version would cost a process for each start. */
static void add_compiler(struct buffer *all)
{
	char *path = text_copy(getenv("PATH") ? getenv("PATH") : "/usr/local/bin:/usr/bin:/bin"), *rest = path, *dir;

	while ((dir = strsep(&rest, ":")) != NULL) {
		char *name = text_format("%s/" COMPILER, dir);
		struct stat st;
		bool found = stat(name, &st) == 0;

		if (found)
			buffer_format(all, "%s %lld %lld %lld\n", name, (long long)st.st_size, (long long)st.st_mtime, (long long)st.st_ino);
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
	user = getpwuid(geteuid());   /* an empty environment, as under some launchers */
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
		rc = err_set(e, ERR_IO, "%s is not a folder of yours: remove it, or set XDG_CACHE_HOME", dir);
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
	err_set(e, ERR_ARGS, "the evaluator does not compile: %s", *at ? at : "the compiler said nothing");
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
		return err_errno(e, ERR_MISSING, "the C compiler '%s' does not start (Debian: apt-get install gcc)", argv[0]);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : compiler_failed(diagnostics, e);
}

/* Compile into a name of our own and rename: two processes that build at once leave one whole file. */
static int build_object(const char *so, const char *dir, const char *include, struct err *e)
{
	char *temporary = text_format("%s.%ld", so, (long)getpid());
	char *source = text_format("%s/evaluator.c", dir);
	char *argv[] = { COMPILER, "-std=c17", "-D_GNU_SOURCE", "-O2", "-g", "-fPIC", "-shared", "-I", (char *)(uintptr_t)include,
		"-I", (char *)(uintptr_t)dir, "-o", temporary, source, "-lm", NULL };
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
	char *builtin = find_builtin(name), *out = NULL;

	for (size_t i = 0; text_equal(builtin, dir) && i < 2 && !out; i++) {
		char *suffix = i == 0 ? text_format(places[0], name) : text_format(places[1], name);
		char *source = text_format("%s/evaluator.c", dir);
		struct stat text, object;

		out = beside_binary(suffix);
		if (out && (stat(source, &text) < 0 || stat(out, &object) < 0 || text.st_mtime > object.st_mtime)) {
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
	char *include = beside_binary("include/clade/evaluator.h"), *cache = NULL, *path = NULL;
	char hex[HASH_HEX];
	int rc;

	if (!include)
		return err_set(e, ERR_MISSING, "include/clade/evaluator.h is not beside this clade: install it, or run make");
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

	if (!real || !is_problem(real)) {
		free(real);
		return err_set(e, ERR_MISSING, "%s is no problem folder: it has no evaluator.c", dir);
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

/* ---- loading ---- */

static bool is_name(const char *name)
{
	if (!name || !*name)
		return false;
	for (; *name; name++) {
		if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_')
			return false;
	}
	return true;
}

static int check_metrics(const struct clade_evaluator *v, struct err *e)
{
	bool found = false;
	int n = 0;

	for (const struct clade_metric *m = v->metrics; m && m->name; m++, n++) {
		if (!is_name(m->name) || n >= CLADE_METRICS_MAX)
			return err_set(e, ERR_ARGS, "metric %d: names are [a-z0-9_]+ and there are at most %d", n, CLADE_METRICS_MAX);
		found = found || text_equal(m->name, v->fitness);
		if (v->timed && text_equal(m->name, v->fitness) && (m->depends != CLADE_CODE || m->direction != CLADE_MAXIMISE))
			return err_set(e, ERR_ARGS, "fitness %s of a timed evaluator is the ratio to the seed: set CLADE_CODE and CLADE_MAXIMISE", m->name);
	}
	return found ? 0 : err_set(e, ERR_ARGS, "fitness must be the name of one of the metrics");
}

static bool has_metric(const struct clade_evaluator *v, const char *name)
{
	for (const struct clade_metric *m = v->metrics; m->name; m++) {
		if (text_equal(m->name, name))
			return true;
	}
	return false;
}

static int check_features(const struct clade_evaluator *v, struct err *e)
{
	int n = 0;

	for (const struct clade_feature *f = v->features; f && f->name; f++, n++) {
		if (!is_name(f->name) || n >= CLADE_FEATURES_MAX)
			return err_set(e, ERR_ARGS, "feature %d: names are [a-z0-9_]+ and there are at most %d", n, CLADE_FEATURES_MAX);
		if (!(f->low < f->high) || !isfinite(f->low) || !isfinite(f->high) || f->bins < 1 || f->bins > 256)
			return err_set(e, ERR_ARGS, "feature %s: low < high, 1..256 bins", f->name);
		if (f->scale != CLADE_LINEAR && !(f->low > 0))
			return err_set(e, ERR_ARGS, "feature %s: a logarithmic scale needs low > 0", f->name);
		if (f->source == CLADE_FROM_METRIC && !has_metric(v, f->name))
			return err_set(e, ERR_ARGS, "feature %s is read from a metric, and none has its name", f->name);
	}
	return n > 0 ? 0 : err_set(e, ERR_ARGS, "features needs 1 to %d rows", CLADE_FEATURES_MAX);
}

static int check_callbacks(const struct clade_evaluator *v, struct err *e)
{
	int classes = 0;

	if (!v->timed)
		return v->evaluate ? 0 : err_set(e, ERR_ARGS, "set .evaluate, or .timed with .fill and .verify");
	if (!v->fill || !v->verify)
		return err_set(e, ERR_ARGS, "a timed evaluator needs .fill and .verify");
	while (v->classes && v->classes[classes])
		classes++;
	if (classes < 1 || classes > CLADE_CLASSES_MAX)
		return err_set(e, ERR_ARGS, "a timed evaluator needs 1 to %d .classes", CLADE_CLASSES_MAX);
	return 0;
}

static int check(const struct clade_evaluator *v, struct err *e)
{
	int terminals = 0, rc;

	if (v->abi != CLADE_EVALUATOR_ABI)
		return err_set(e, ERR_UNSUPPORTED, "it is built for evaluator ABI %u, this clade has %d: build it against this clade's <clade/evaluator.h>",
			v->abi, CLADE_EVALUATOR_ABI);
	if (!is_name(v->name))
		return err_set(e, ERR_ARGS, "name must be [a-z0-9_]+");
	if (!v->functions || !v->functions[0])
		return err_set(e, ERR_ARGS, "functions must hold the prototypes that a candidate defines");
	if (v->arguments_bytes == 0 || v->results_bytes == 0 || v->call_limit_ns <= 0)
		return err_set(e, ERR_ARGS, "arguments_bytes, results_bytes and call_limit_ns must be positive");
	while (v->terminals && v->terminals[terminals].text && terminals <= CLADE_TERMINALS_MAX)
		terminals++;
	if (terminals > CLADE_TERMINALS_MAX)
		return err_set(e, ERR_ARGS, "at most %d terminals", CLADE_TERMINALS_MAX);
	if (v->residuals && v->residual_count < 1)
		return err_set(e, ERR_ARGS, "residuals needs residual_count");
	if ((rc = check_callbacks(v, e)) < 0 || (rc = check_metrics(v, e)) < 0)
		return rc;
	return check_features(v, e);
}

int plugin_load(const struct clade_evaluator **out, const char *so, struct err *e)
{
	void *object = dlopen(so, RTLD_NOW | RTLD_LOCAL);
	const struct clade_evaluator *v;
	int rc;

	if (!object)
		return err_set(e, ERR_MISSING, "evaluator: %s", dlerror());
	v = dlsym(object, "clade_evaluator");
	if (!v)
		return err_set(e, ERR_ARGS, "evaluator %s: it exports no clade_evaluator", so);
	rc = check(v, e);
	if (rc < 0)
		err_in(e, "evaluator %s", so);
	else
		*out = v;
	return rc;
}
