#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "sandbox/include_files.h"
#include "sandbox/sandbox_parts.h"
#include "sandbox/unit_cache.h"
#include "sandbox/wall.h"

#define DROP_UID_DEFAULT 65534
enum { MESSAGE_MAX = 600 };

extern const char box_embed_start[], box_embed_end[];

static const char *const outcome_names[] = {
	[SANDBOX_OK] = "ok",
	[SANDBOX_COMPILE_ERROR] = "compile_error",
	[SANDBOX_LIMIT] = "limit",
	[SANDBOX_TIMEOUT] = "timeout",
	[SANDBOX_CRASH] = "crash",
	[SANDBOX_FORBIDDEN] = "forbidden",
	[SANDBOX_CHEAT] = "cheat",
};

const char *sandbox_outcome_name(enum sandbox_outcome o)
{
	return (unsigned)o < sizeof outcome_names / sizeof *outcome_names ? outcome_names[o] :
									    "unknown";
}

static int find_bwrap(struct sandbox *s, struct err *e)
{
	static const char *const places[] = { "/usr/bin/bwrap", "/usr/local/bin/bwrap",
		"/bin/bwrap", NULL };

	for (const char *const *p = places; *p; p++)
		if (access(*p, X_OK) == 0) {
			snprintf(s->bwrap, sizeof s->bwrap, "%s", *p);
			return 0;
		}
	return err_set(
		e, ERR_SANDBOX, "bubblewrap is missing: install it (apt install bubblewrap)");
}

/*
 * The mend for what bubblewrap says when a kernel or a distribution keeps namespaces from ordinary
 * users.
 */
static const char *mend_for(const char *message)
{
	if (strstr(message, "uid map") || strstr(message, "RTM_NEWADDR"))
		return "allow bwrap to make user namespaces: an AppArmor profile for /usr/bin/bwrap with 'userns,', or "
		       "sysctl kernel.apparmor_restrict_unprivileged_userns=0";
	if (strstr(message, "namespace"))
		return "allow user namespaces: sysctl user.max_user_namespaces=15000, and on older Debian "
		       "sysctl kernel.unprivileged_userns_clone=1; in a container, allow unshare in its seccomp profile";
	if (strstr(message, "disable-userns") || strstr(message, "as-pid-1") ||
		strstr(message, "Unknown option"))
		return "bubblewrap 0.8 or later is needed";
	return "run bwrap by hand to see more";
}

/*
 * All that comes, but for what does not fit. The end comes with the end of the box, for nobody else
 * has the other end.
 */
static void read_message(char *out, size_t size, int fd)
{
	size_t used = 0;
	ssize_t got;

	while (used < size - 1 &&
		((got = read(fd, out + used, size - 1 - used)) > 0 || (got < 0 && errno == EINTR)))
		used += got > 0 ? (size_t)got : 0;
	while (used && out[used - 1] == '\n')
		used--;
	out[used] = '\0';
}

/* Start one empty box: the only honest answer to whether this machine can. */
static int probe(struct sandbox *s, struct err *e)
{
	struct launcher_process process;
	char message[MESSAGE_MAX] = "";
	int ends[2];
	struct wall w;

	if (pipe2(ends, O_CLOEXEC))
		return err_errno(e, ERR_SANDBOX, "pipe");
	wall_init(&w, s, NULL, 0);
	int rc = wall_launch(
		&process, &w, s, POLICY_ZYGOTE, "/", "probe", &s->compile_cpus, ends[1], e);
	close(ends[1]);
	if (rc == 0) {
		read_message(message, sizeof message, ends[0]);
		if (launcher_wait(&process) != 0)
			rc = err_set(e, ERR_SANDBOX, "no box can be started (%s): %s",
				*message ? message : "it died without a word", mend_for(message));
	}
	close(ends[0]);
	return rc;
}

static int open_parts(struct sandbox *s, const struct sandbox_options *options, struct err *e)
{
	int rc = find_bwrap(s, e);

	if (rc == 0)
		rc = toolchain_find(&s->tools, options->compiler, e);
	for (int kind = POLICY_COMPILE; kind <= POLICY_ZYGOTE && rc == 0; kind++)
		rc = policy_program(
			&s->policy[kind], &s->policy_bytes[kind], (enum policy_kind)kind, e);
	if (rc == 0)
		rc = fdio_sealed(&s->box_fd, "box", box_embed_start,
			(size_t)(box_embed_end - box_embed_start), e);
	if (rc == 0)
		rc = include_files_add(&s->headers, &s->header_count, options->include_dir, e);
	if (rc == 0)
		rc = launcher_open(&s->launcher,
			options->drop_uid ? options->drop_uid : DROP_UID_DEFAULT, &s->cgroup, e);
	return rc < 0 ? rc : probe(s, e);
}

int sandbox_open(struct sandbox **out, const struct sandbox_options *options, struct err *e)
{
	static const struct sandbox_options standard;
	struct sandbox *s = memory_alloc(sizeof *s);

	s->box_fd = -1;
	buffer_init(&s->headers, 2 * INCLUDE_FILES_BYTES_MAX);
	sandbox_set_compile_cpus(s, NULL, 0);
	s->units = unit_cache_new();
	cgroup_open(&s->cgroup);
	int rc = open_parts(s, options ? options : &standard, e);
	if (rc < 0) {
		sandbox_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void sandbox_close(struct sandbox *s)
{
	if (!s)
		return;
	launcher_close(s->launcher);
	cgroup_close(&s->cgroup);
	toolchain_release(&s->tools);
	unit_cache_free(s->units);
	buffer_release(&s->headers);
	for (int i = 0; i < 2; i++)
		free(s->policy[i]);
	if (s->box_fd >= 0)
		close(s->box_fd);
	free(s);
}

const char *sandbox_compiler_version(const struct sandbox *s)
{
	return s->tools.version;
}

void sandbox_set_compile_cpus(struct sandbox *s, const int *cpus, int count)
{
	CPU_ZERO(&s->compile_cpus);
	for (int i = 0; i < count; i++)
		if (cpus[i] >= 0 && cpus[i] < CPU_SETSIZE)
			CPU_SET(cpus[i], &s->compile_cpus);
	if (CPU_COUNT(&s->compile_cpus))
		return;
	for (int i = 0; i < CPU_SETSIZE; i++)
		CPU_SET(i, &s->compile_cpus);
}
