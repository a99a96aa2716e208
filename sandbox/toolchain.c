#include "sandbox/toolchain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/text.h"

#define SEARCH_PATH "/usr/local/bin:/usr/bin:/bin"
#define INTERPRETER "/lib64/ld-linux-x86-64.so.2"
enum { OUTPUT_MAX = 256 << 10 };

static int spawn(pid_t *pid, const char *const *argv, int out_fd)
{
	static char locale[] = "LC_ALL=C";
	char path[4096 + 8];
	char *environment[] = { locale, path, NULL };
	posix_spawn_file_actions_t actions;
	const char *search = getenv("PATH");

	/* A worker may be started with an empty environment. */
	snprintf(path, sizeof path, "PATH=%s", search && *search ? search : SEARCH_PATH);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
	posix_spawn_file_actions_adddup2(&actions, out_fd, 2);
	int rc = posix_spawnp(
		pid, argv[0], &actions, NULL, (char *const *)(size_t)argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* Run a trusted program on trusted arguments; both of its streams into out. */
static int run(struct buffer *out, const char *const *argv, struct err *e)
{
	int pipe_fds[2], status = 0;
	char chunk[4096];
	ssize_t got;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return err_errno(e, ERR_SANDBOX, "pipe");
	int rc = spawn(&pid, argv, pipe_fds[1]);
	close(pipe_fds[1]);
	if (rc == 0) {
		while ((got = read(pipe_fds[0], chunk, sizeof chunk)) > 0 ||
			(got < 0 && errno == EINTR))
			if (got > 0)
				buffer_add(out, chunk, (size_t)got);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
	}
	close(pipe_fds[0]);
	if (rc || (WIFEXITED(status) && WEXITSTATUS(status) == 127))
		return err_set(
			e, ERR_MISSING, "%s cannot be started: install gcc and binutils", argv[0]);
	if (status)
		return err_set(e, ERR_SANDBOX, "%s %s failed", argv[0], argv[1]);
	return buffer_add(out, "", 0) < 0 || !out->bytes ?
		err_set(e, ERR_SANDBOX, "%s %s says nothing", argv[0], argv[1]) :
		0;
}

static int run_line(
	char *out, size_t size, const char *program, const char *argument, struct err *e)
{
	const char *argv[] = { program, argument, NULL };
	struct buffer text;

	buffer_init(&text, OUTPUT_MAX);
	int rc = run(&text, argv, e);
	if (rc == 0)
		snprintf(out, size, "%.*s", (int)strcspn(text.bytes, "\n"), text.bytes);
	buffer_release(&text);
	return rc;
}

/* Names without a slash are searched as a shell would. */
static bool find_program(char out[PATH_MAX], const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return realpath(name, out) != NULL;
	for (path = path && *path ? path : SEARCH_PATH; *path;) {
		size_t bytes = strcspn(path, ":");
		char candidate[PATH_MAX];
		int length = snprintf(
			candidate, sizeof candidate, "%.*s/%s", (int)bytes, path, name);
		if (length < (int)sizeof candidate && access(candidate, X_OK) == 0 &&
			realpath(candidate, out))
			return true;
		path += bytes + (path[bytes] == ':');
	}
	return false;
}

static int find_tool(
	char out[TOOLCHAIN_PATH_MAX], const char *compiler, const char *tool, struct err *e)
{
	char option[64], name[PATH_MAX], real[PATH_MAX];

	snprintf(option, sizeof option, "-print-prog-name=%s", tool);
	int rc = run_line(name, sizeof name, compiler, option, e);
	if (rc < 0)
		return rc;
	if (!find_program(real, name) || strlen(real) >= TOOLCHAIN_PATH_MAX)
		return err_set(
			e, ERR_MISSING, "%s has no %s: install gcc and binutils", compiler, tool);
	snprintf(out, TOOLCHAIN_PATH_MAX, "%s", real);
	return 0;
}

static int add_library_dir(struct toolchain *t, const char *library, struct err *e)
{
	char path[PATH_MAX], real[PATH_MAX];

	snprintf(path, sizeof path, "%s", library);
	char *slash = strrchr(path, '/');
	if (!slash)
		return 0;
	*slash = '\0';
	if (!realpath(path, real) || strlen(real) >= TOOLCHAIN_PATH_MAX)
		return err_errno(e, ERR_SANDBOX, "library folder %s", path);
	for (int i = 0; i < t->library_dir_count; i++)
		if (!strcmp(t->library_dirs[i], real))
			return 0;
	if (t->library_dir_count == TOOLCHAIN_DIRS_MAX)
		return err_set(e, ERR_LIMIT, "the compiler's libraries lie in more than %d folders",
			TOOLCHAIN_DIRS_MAX);
	snprintf(t->library_dirs[t->library_dir_count++], TOOLCHAIN_PATH_MAX, "%s", real);
	return 0;
}

/*
 * "\tlibz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x...)": as listed by the dynamic linker itself.
 */
static int find_libraries(struct toolchain *t, const char *tool, struct err *e)
{
	const char *argv[] = { INTERPRETER, "--list", tool, NULL };
	struct buffer list;
	char *line, *next, path[PATH_MAX], real[PATH_MAX];

	buffer_init(&list, OUTPUT_MAX);
	int rc = run(&list, argv, e);
	for (line = rc == 0 ? list.bytes : NULL; line && *line && rc == 0; line = next) {
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		char *arrow = strstr(line, "=> /");
		if (!arrow || arrow > next || sscanf(arrow + 3, "%4095s", path) != 1)
			continue;
		rc = add_library_dir(t, path, e);
		if (rc == 0 && realpath(path, real))
			rc = add_library_dir(t, real, e);
	}
	buffer_release(&list);
	return rc;
}

/* Split what "gcc -###" prints for cc1: words, some of them in double quotes. */
static char *next_word(char **at)
{
	char *p = *at + strspn(*at, " ");
	bool quoted = *p == '"';

	if (!*p)
		return NULL;
	p += quoted;
	size_t bytes = strcspn(p, quoted ? "\"" : " ");
	*at = p + bytes + (p[bytes] != '\0');
	p[bytes] = '\0';
	return p;
}

static int read_native(struct toolchain *t, char *line, struct err *e)
{
	bool parameter = false;

	for (char *word; (word = next_word(&line)) != NULL;) {
		bool is_parameter = !strcmp(word, "--param");
		if (parameter || is_parameter || text_has_prefix(word, "-m")) {
			if (t->native_count == TOOLCHAIN_NATIVE_MAX)
				return err_set(e, ERR_LIMIT,
					"-march=native means more than %d options",
					TOOLCHAIN_NATIVE_MAX);
			t->native[t->native_count++] = text_copy(word);
		}
		if (text_has_prefix(word, "-mtune="))
			snprintf(t->native_tune, sizeof t->native_tune, "%s", word);
		parameter = is_parameter;
	}
	return 0;
}

static int find_native(struct toolchain *t, const char *compiler, struct err *e)
{
	const char *argv[] = { compiler, "-march=native", "-###", "-S", "-x", "c", "/dev/null",
		"-o", "/dev/null", NULL };
	struct buffer text;

	buffer_init(&text, OUTPUT_MAX);
	int rc = run(&text, argv, e);
	char *at = rc == 0 ? strstr(text.bytes, "/cc1 ") : NULL;
	if (rc == 0 && !at)
		rc = err_set(e, ERR_SANDBOX, "%s does not show what -march=native means", compiler);
	if (rc == 0) {
		at[strcspn(at, "\n")] = '\0';
		rc = read_native(t, at, e);
	}
	buffer_release(&text);
	return rc;
}

static int find_all(struct toolchain *t, const char *compiler, struct err *e)
{
	char real[PATH_MAX];
	int rc = run_line(t->version, sizeof t->version, compiler, "--version", e);

	if (rc == 0 && strstr(t->version, "clang"))
		rc = err_set(e, ERR_UNSUPPORTED,
			"%s is %s: only gcc is supported in the compile box for now", compiler,
			t->version);
	if (rc == 0)
		rc = find_tool(t->cc1, compiler, "cc1", e);
	if (rc == 0)
		rc = find_tool(t->as, compiler, "as", e);
	if (rc == 0)
		rc = find_tool(t->ld, compiler, "ld", e);
	if (rc == 0)
		rc = run_line(t->include_dir, sizeof t->include_dir, compiler,
			"-print-file-name=include", e);
	if (rc == 0 && (!realpath(INTERPRETER, real) || strlen(real) >= sizeof t->interpreter))
		rc = err_errno(e, ERR_UNSUPPORTED, "%s", INTERPRETER);
	if (rc == 0) {
		snprintf(t->interpreter, sizeof t->interpreter, "%s", real);
		rc = add_library_dir(t, real, e);
	}
	const char *tools[] = { t->cc1, t->as, t->ld };
	for (size_t i = 0; i < sizeof tools / sizeof *tools && rc == 0; i++)
		rc = find_libraries(t, tools[i], e);
	return rc < 0 ? rc : find_native(t, compiler, e);
}

int toolchain_find(struct toolchain *out, const char *compiler, struct err *e)
{
	struct toolchain t = { 0 };
	int rc = find_all(&t, compiler ? compiler : "gcc", e);

	if (rc < 0) {
		toolchain_release(&t);
		return rc;
	}
	*out = t;
	return 0;
}

void toolchain_release(struct toolchain *t)
{
	if (!t)
		return;
	for (int i = 0; i < t->native_count; i++)
		free(t->native[i]);
	t->native_count = 0;
}
