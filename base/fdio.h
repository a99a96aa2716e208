/*
 * fdio.h - whole reads and writes, sealed memory files, small files. Descriptors are close-on-exec.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;
int fdio_write_all(int fd, const void *bytes, size_t size, struct err *e);
int fdio_read_file(char **out, size_t *size, const char *path, size_t max, struct err *e);   /* NUL added; ERR_LIMIT over max */
int fdio_read_fd(char **out, size_t *size, int fd, size_t max, struct err *e);               /* from offset 0 by pread: pipes are refused */
int fdio_write_file(const char *path, const void *bytes, size_t size, struct err *e);        /* by a temporary name and rename */
/* A memfd that holds bytes and is sealed against every change (F_SEAL_WRITE|GROW|SHRINK|SEAL). */
int fdio_sealed(int *fd, const char *name, const void *bytes, size_t size, struct err *e);
int fdio_make_dirs(const char *path, struct err *e);
bool fdio_exists(const char *path);
