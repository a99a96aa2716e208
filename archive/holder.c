#include "archive/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"

/*
 * holder_pid holds a shared lock for some microseconds, and a holder may just be leaving: taking is
 * tried for 0.2 s.
 */
#define TRIES 20
#define PAUSE_NS 10000000

struct holder {
	char *path;     /* of the lock file; owned */
	int fd;
};

/*
 * Whether the file that is locked is still the one under that name: its last holder may have
 * removed it.
 */
static int still_named(int fd, const char *path)
{
	struct stat open_file, named;

	return fstat(fd, &open_file) == 0 && stat(path, &named) == 0
		&& open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

static int read_pid(int fd)
{
	char digits[32] = "";
	int64_t pid;
	ssize_t n = pread(fd, digits, sizeof(digits) - 1, 0);

	if (n <= 1 || digits[n - 1] != '\n')
		return 0;
	digits[n - 1] = 0;
	return text_parse_i64(&pid, digits) == 0 && pid > 0 && pid <= INT32_MAX ? (int)pid : 0;
}

static int write_pid(int fd)
{
	char digits[32];
	int size = snprintf(digits, sizeof(digits), "%ld\n", (long)getpid());

	return ftruncate(fd, 0) < 0 || pwrite(fd, digits, (size_t)size, 0) != size ? -1 : 0;
}

/*
 * The lock's name stands beside the file itself, whatever link leads there. A further hard link would have a lock of its own: a campaign has one
 * name. A file that is not there yet is locked by the name that it will have.
 */
static int lock_name(char **out, const char *path, struct err *e)
{
	char *real = realpath(path, NULL);
	struct stat st;

	if (real != NULL && stat(real, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink > 1) {
		free(real);
		return err_set(e, ERR_ARGS, "%s has %ld hard links: a campaign has one name, or two processes could write it; copy it instead",
			path, (long)st.st_nlink);
	}
	*out = text_format("%s-lock", real != NULL ? real : path);
	free(real);
	return 0;
}

/* 1 taken, 0 somebody has it or the file went away. */
static int try_take(int *out, const char *name, struct err *e)
{
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_MISSING : ERR_IO, "%s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && still_named(fd, name)) {
		if (write_pid(fd) < 0) {
			int rc = err_errno(e, ERR_IO, "%s", name);

			unlink(name);
			close(fd);
			return rc;
		}
		*out = fd;
		return 1;
	}
	close(fd);
	return 0;
}

int holder_take(struct holder **out, const char *path, struct err *e)
{
	char *name = NULL;
	int fd = -1, rc = lock_name(&name, path, e);

	if (rc < 0)
		return rc;
	for (int i = 0; rc == 0 && i < TRIES; i++) {
		if (i > 0)
			clock_sleep_ns(PAUSE_NS);
		rc = try_take(&fd, name, e);
	}
	if (rc == 1) {
		*out = memory_alloc(sizeof(**out));
		**out = (struct holder){ .path = name, .fd = fd };
		return 0;
	}
	free(name);
	if (rc == 0) {
		int pid = holder_pid(path);

		return err_set(e, ERR_BUSY, "process %d holds the campaign", pid);
	}
	return rc;
}

void holder_release(struct holder *h)
{
	if (!h)
		return;
	unlink(h->path);
	close(h->fd);
	free(h->path);
	free(h);
}

int holder_pid(const char *path)
{
	char *name = NULL;
	int fd, pid = 0;

	if (lock_name(&name, path, NULL) < 0)
		return 0;
	fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		pid = read_pid(fd);
	if (fd >= 0)
		close(fd);
	free(name);
	return pid;
}
