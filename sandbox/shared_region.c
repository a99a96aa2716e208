#include "sandbox/shared_region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "sandbox/box/box_wire.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static int open_memory(struct shared_region *r, const char *name, bool child_reads_only)
{
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL |
		(child_reads_only ? F_SEAL_FUTURE_WRITE : 0);

	r->fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (r->fd < 0 || ftruncate(r->fd, (off_t)r->bytes))
		return -1;
	if (r->bytes) {
		/* Populated, so that the driver's first touch does not fall into a timing. */
		void *base = mmap(NULL, r->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			r->fd, 0);
		if (base == MAP_FAILED)
			return -1;
		r->base = base;
	}
	return fcntl(r->fd, F_ADD_SEALS, seals);
}

int shared_region_open(struct shared_region *out, const char *name, size_t bytes,
	bool child_reads_only, struct err *e)
{
	struct shared_region r = { .fd = -1,
		.bytes = (bytes + BOX_PAGE - 1) & ~(size_t)(BOX_PAGE - 1) };

	if (open_memory(&r, name, child_reads_only)) {
		int rc = err_errno(e, ERR_SANDBOX, "a region of %zu bytes cannot be had", bytes);
		shared_region_close(&r);
		return rc;
	}
	*out = r;
	return 0;
}

void shared_region_close_fd(struct shared_region *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

void shared_region_close(struct shared_region *r)
{
	shared_region_close_fd(r);
	if (r->base)
		munmap(r->base, r->bytes);
	r->base = NULL;
}
