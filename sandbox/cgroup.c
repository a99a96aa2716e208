#include "sandbox/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define LEAF_PREFIX "clade-"
enum { PATH_ROOM = 384, LEAVES_MAX = 64 };

/* Is word one of the words of a list like "cpu,memory"? */
static bool has_word(const char *list, const char *word)
{
	size_t bytes = strlen(word);

	for (;;) {
		size_t span = strcspn(list, ",");
		if (span == bytes && !strncmp(list, word, bytes))
			return true;
		if (!list[span])
			return false;
		list += span + 1;
	}
}

static bool put(const char *folder, const char *file, const char *text)
{
	char path[640];

	snprintf(path, sizeof path, "%s/%s", folder, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static bool put_number(const char *folder, const char *file, int64_t value)
{
	char text[32];

	snprintf(text, sizeof text, "%lld", (long long)value);
	return put(folder, file, text);
}

/*
 * The mount point of the hierarchy and the part of it that the mount shows. controller NULL: cgroup
 * v2.
 */
static bool find_mount(char mount[PATH_ROOM], char root[PATH_ROOM], const char *controller)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[2048], type[32], options[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f)) {
		char *tail = strstr(line, " - ");
		if (!tail || sscanf(line, "%*s %*s %*s %383s %383s", root, mount) != 2 ||
			sscanf(tail, " - %31s %*s %511s", type, options) != 2)
			continue;
		found = controller ? !strcmp(type, "cgroup") && has_word(options, controller) :
				     !strcmp(type, "cgroup2");
	}
	if (f)
		fclose(f);
	return found;
}

/* Our own place in the hierarchy, as a folder of the host. */
static bool find_own(char out[PATH_ROOM], const char *controller)
{
	char mount[PATH_ROOM], root[PATH_ROOM], line[1024], names[128], path[PATH_ROOM] = "";
	FILE *f = fopen("/proc/self/cgroup", "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		found = controller ? sscanf(line, "%*d:%127[^:]:%383s", names, path) == 2 &&
				has_word(names, controller) :
				     sscanf(line, "0::%383s", path) == 1;
	}
	if (f)
		fclose(f);
	if (!found || !find_mount(mount, root, controller))
		return false;
	const char *below = path;
	if (strcmp(root, "/") && text_has_prefix(path, root))
		below += strlen(root);
	return snprintf(out, PATH_ROOM, "%s%s", mount, strcmp(below, "/") ? below : "") < PATH_ROOM;
}

/* Leaves of workers that were killed stay behind empty. */
static void sweep(const char *parent)
{
	DIR *d = opendir(parent);
	char path[512];

	for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
		if (!text_has_prefix(entry->d_name, LEAF_PREFIX))
			continue;
		long pid = strtol(entry->d_name + strlen(LEAF_PREFIX), NULL, 10);
		if (pid > 0 && kill((pid_t)pid, 0) && errno == ESRCH &&
			snprintf(path, sizeof path, "%s/%s", parent, entry->d_name) <
				(int)sizeof path)
			rmdir(path);
	}
	if (d)
		closedir(d);
}

static bool make_leaf(char out[512], const char *parent)
{
	sweep(parent);
	for (int i = 0; i < LEAVES_MAX; i++) {
		snprintf(out, 512, "%s/" LEAF_PREFIX "%d-%d", parent, (int)getpid(), i);
		if (mkdir(out, 0755) == 0)
			return true;
		if (errno != EEXIST)
			break;
	}
	out[0] = '\0';
	return false;
}

static bool open_v2_leaf(struct cgroup *g, const char *parent)
{
	/*
	 * Refused with EBUSY where processes live in the parent itself; then one of its own parents
	 * has to do.
	 */
	put(parent, "cgroup.subtree_control", "+memory +pids");
	if (!make_leaf(g->leaf[0], parent))
		return false;
	if (put_number(g->leaf[0], "memory.max", CGROUP_MEMORY_MAX) &&
		put_number(g->leaf[0], "pids.max", CGROUP_PIDS_MAX))
		g->v2_fd = open(g->leaf[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->v2_fd >= 0)
		return true;
	rmdir(g->leaf[0]);
	g->leaf[0][0] = '\0';
	return false;
}

static bool open_v2(struct cgroup *g)
{
	char own[PATH_ROOM], mount[PATH_ROOM], root[PATH_ROOM];

	if (!find_own(own, NULL) || !find_mount(mount, root, NULL))
		return false;
	while (!open_v2_leaf(g, own)) {
		char *slash = strrchr(own, '/');
		if (!slash || strlen(own) <= strlen(mount))
			return false;
		*slash = '\0';
	}
	g->rung = CGROUP_V2;
	return true;
}

static bool open_v1(struct cgroup *g)
{
	static const struct {
		const char *controller, *file;
		int64_t value;
	} rows[2] = {
		{ "memory", "memory.limit_in_bytes", CGROUP_MEMORY_MAX },
		{ "pids", "pids.max", CGROUP_PIDS_MAX },
	};
	char own[PATH_ROOM];

	for (int i = 0; i < 2; i++)
		if (!find_own(own, rows[i].controller) || !make_leaf(g->leaf[i], own) ||
			!put_number(g->leaf[i], rows[i].file, rows[i].value)) {
			cgroup_close(g);
			return false;
		}
	g->rung = CGROUP_V1;
	return true;
}

void cgroup_open(struct cgroup *out)
{
	*out = (struct cgroup){ .rung = CGROUP_NONE, .v2_fd = -1 };
	if (open_v2(out))
		snprintf(out->detail, sizeof out->detail,
			"rung A: cgroup v2, boxes are born in %.140s", out->leaf[0]);
	else if (open_v1(out))
		snprintf(out->detail, sizeof out->detail,
			"rung B: cgroup v1 memory and pids below %.130s", out->leaf[0]);
	else
		snprintf(out->detail, sizeof out->detail,
			"rung C: no cgroup of ours; limits inside the boxes hold alone");
}

void cgroup_join(struct cgroup *g)
{
	for (int i = 0; i < 2 && g->rung == CGROUP_V1; i++)
		if (!put_number(g->leaf[i], "tasks", syscall(SYS_gettid)))
			snprintf(g->detail, sizeof g->detail, "rung C: %.150s cannot be joined",
				g->leaf[i]);
}

void cgroup_lose(struct cgroup *g)
{
	if (g->v2_fd >= 0)
		close(g->v2_fd);
	g->v2_fd = -1;
	g->rung = CGROUP_NONE;
	snprintf(g->detail, sizeof g->detail, "rung C: no process can be born in %.150s", g->leaf[0]);
}

void cgroup_close(struct cgroup *g)
{
	if (g->v2_fd >= 0)
		close(g->v2_fd);
	/* The kernel empties the leaf a moment after the last process was reaped. */
	for (int i = 0; i < 2; i++)
		for (int turn = 0;
			g->leaf[i][0] && rmdir(g->leaf[i]) && errno == EBUSY && turn < 100; turn++)
			clock_sleep_ns(1000000);
	*g = (struct cgroup){ .rung = CGROUP_NONE, .v2_fd = -1 };
}
