#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/text.h"

#define CHUNK_BYTES 65536

static int code_of_errno(void)
{
	return errno == ENOENT || errno == ENOTDIR ? ERR_MISSING : ERR_IO;
}

int fdio_write_all(int fd, const void *bytes, size_t size, struct err *e)
{
	const char *from = bytes;

	while (size > 0) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			poll(&p, 1, -1);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_IO, "write");
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

int fdio_read_fd(char **out, size_t *size, int fd, size_t max, struct err *e)
{
	struct buffer b;
	char chunk[CHUNK_BYTES];
	int rc = 0;

	buffer_init(&b, max);
	for (;;) {
		ssize_t n = pread(fd, chunk, sizeof(chunk), (off_t)b.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = err_errno(e, ERR_IO, "read");
		else if (buffer_add(&b, chunk, (size_t)n) < 0)
			rc = err_set(e, ERR_LIMIT, "more than %zu bytes", max);
		if (rc < 0 || n == 0)
			break;
	}
	if (rc < 0)
		goto out;
	if (size)
		*size = b.size;
	*out = buffer_take(&b);
out:
	buffer_release(&b);
	return rc;
}

int fdio_read_file(char **out, size_t *size, const char *path, size_t max, struct err *e)
{
	/* Without O_NONBLOCK a fifo of that name would hold us here; on files it means nothing. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int rc;

	if (fd < 0)
		return err_errno(e, code_of_errno(), "%s", path);
	rc = fdio_read_fd(out, size, fd, max, e);
	if (rc < 0)
		err_in(e, "%s", path);
	close(fd);
	return rc;
}

/* A new file beside path. Not mkstemp: the mode shall follow the umask. */
static int open_beside(char **temporary, const char *path, struct err *e)
{
	static atomic_uint serial;

	for (int attempt = 0; attempt < 1000; attempt++) {
		unsigned number = atomic_fetch_add(&serial, 1);
		char *name = text_format("%s.tmp-%ld-%u", path, (long)getpid(), number);
		int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

		if (fd >= 0) {
			*temporary = name;
			return fd;
		}
		free(name);
		if (errno != EEXIST)
			break;
	}
	return err_errno(e, code_of_errno(), "%s", path);
}

/* A rename is durable when its folder is. File systems that cannot sync a folder are left alone. */
static void sync_folder(const char *path)
{
	char *copy = text_copy(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

int fdio_write_file(const char *path, const void *bytes, size_t size, struct err *e)
{
	char *temporary = NULL;
	int fd = open_beside(&temporary, path, e);
	int rc;

	if (fd < 0)
		return fd;
	rc = fdio_write_all(fd, bytes, size, e);
	if (rc < 0)
		err_in(e, "%s", path);
	else if (fsync(fd) < 0)
		rc = err_errno(e, ERR_IO, "%s: sync", path);
	if (close(fd) < 0 && rc == 0)
		rc = err_errno(e, ERR_IO, "%s: close", path);
	if (rc == 0 && rename(temporary, path) < 0)
		rc = err_errno(e, ERR_IO, "%s: rename", path);
	if (rc < 0)
		unlink(temporary);
	else
		sync_folder(path);
	free(temporary);
	return rc;
}

int fdio_sealed(int *fd, const char *name, const void *bytes, size_t size, struct err *e)
{
	const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
	int made = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int rc;

	if (made < 0)
		return err_errno(e, ERR_IO, "memfd_create %s", name);
	rc = fdio_write_all(made, bytes, size, e);
	if (rc == 0 && lseek(made, 0, SEEK_SET) < 0)
		rc = err_errno(e, ERR_IO, "seek");
	if (rc == 0 && fcntl(made, F_ADD_SEALS, seals) < 0)
		rc = err_errno(e, ERR_IO, "seal");
	if (rc < 0) {
		err_in(e, "memory file %s", name);
		close(made);
		return rc;
	}
	*fd = made;
	return 0;
}

static int make_dir(const char *path, struct err *e)
{
	struct stat s;

	if (mkdir(path, 0777) == 0)
		return 0;
	if (errno == EEXIST && stat(path, &s) == 0) {
		if (S_ISDIR(s.st_mode))
			return 0;
		errno = ENOTDIR;
	}
	return err_errno(e, ERR_IO, "folder %s", path);
}

int fdio_make_dirs(const char *path, struct err *e)
{
	char *copy = text_copy(path);
	int rc = 0;

	for (char *p = copy; rc == 0 && *p; p++) {
		if (*p != '/' || p == copy)
			continue;
		*p = 0;
		rc = make_dir(copy, e);
		*p = '/';
	}
	if (rc == 0)
		rc = make_dir(copy, e);
	free(copy);
	return rc;
}

bool fdio_exists(const char *path)
{
	return access(path, F_OK) == 0;
}
