#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "sandbox/shared_region.h"

static void what_a_child_may_only_read_cannot_be_written_by_any_way(void **state)
{
	struct shared_region r;
	char path[64];
	(void)state;

	assert_int_equal(shared_region_open(&r, "test", 5000, true, NULL), 0);
	assert_int_equal(r.bytes, 8192);
	memset(r.base, 'x', r.bytes);
	assert_true(mmap(NULL, r.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r.fd, 0) == MAP_FAILED);
	char *view = mmap(NULL, r.bytes, PROT_READ, MAP_SHARED, r.fd, 0);
	assert_true(view != MAP_FAILED && view[4999] == 'x');
	assert_int_equal(mprotect(view, r.bytes, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(pwrite(r.fd, "y", 1, 0), -1);
	assert_int_equal(fallocate(r.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
	assert_int_equal(ftruncate(r.fd, 4096), -1);
	assert_int_equal(fcntl(r.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	snprintf(path, sizeof path, "/proc/self/fd/%d", r.fd);
	int again = open(path, O_RDWR | O_CLOEXEC);
	if (again >= 0) {
		assert_int_equal(pwrite(again, "y", 1, 0), -1);
		close(again);
	}
	/* And the driver still writes. */
	((char *)r.base)[0] = 'z';
	assert_true(view[0] == 'z');
	munmap(view, r.bytes);
	shared_region_close(&r);
	assert_null(r.base);
	assert_int_equal(r.fd, -1);
}

static void what_a_child_may_write_keeps_its_size(void **state)
{
	struct shared_region r;
	(void)state;

	assert_int_equal(shared_region_open(&r, "test", 4096, false, NULL), 0);
	char *view = mmap(NULL, r.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r.fd, 0);
	assert_true(view != MAP_FAILED);
	view[7] = 'a';
	assert_true(((char *)r.base)[7] == 'a');
	assert_int_equal(ftruncate(r.fd, 0), -1); /* else the driver would die of SIGBUS */
	assert_int_equal(ftruncate(r.fd, 1 << 20), -1);
	munmap(view, r.bytes);
	shared_region_close(&r);
}

static void a_region_of_no_bytes_is_allowed(void **state)
{
	struct shared_region r;
	(void)state;

	assert_int_equal(shared_region_open(&r, "test", 0, true, NULL), 0);
	assert_null(r.base);
	shared_region_close_fd(&r);
	shared_region_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_child_may_only_read_cannot_be_written_by_any_way),
		cmocka_unit_test(what_a_child_may_write_keeps_its_size),
		cmocka_unit_test(a_region_of_no_bytes_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
