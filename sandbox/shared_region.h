/*
 * shared_region.h - memory that the driver and one child share: a memfd, mapped writable here, with
 * its size fixed by seals.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;
struct shared_region {
	int fd;       /* -1 once handed over */
	void *base;   /* the driver's view, NULL for a region of no bytes */
	size_t bytes; /* whole pages */
};

/*
 * child_reads_only: nobody can get a writable view after this one, not by mapping, mprotect or
 * write.
 */
int shared_region_open(struct shared_region *out, const char *name, size_t bytes,
	bool child_reads_only, struct err *e);
void shared_region_close_fd(struct shared_region *r);
void shared_region_close(struct shared_region *r);
