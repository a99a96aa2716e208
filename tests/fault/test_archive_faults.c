#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "archive/archive.h"
#include "base/err.h"
#include "base/clock.h"
#include "base/random.h"
#include "tests/support/campaigns.h"
#include "tests/support/scratch.h"

/*
 * A writer is killed at 12 moments. After each kill the file is sound, holds every result that was
 * reported before, each once, and the rest is in the queue.
 */
static void write_until_killed(int fd, int64_t from)
{
	struct archive *a = campaigns_open("c", ARCHIVE_WRITE);

	for (int64_t k = from; ; k++) {
		int64_t queue_id = 0;
		struct campaigns_sample s;
		struct archive_result r = { .program = &s.p, .takes_cell = k % 3 == 0 };

		campaigns_fill(&s, k, (double)(k % 11), k % 160);
		if (archive_queue_add(&queue_id, a, k, "{}", NULL) < 0)
			_exit(1);
		r.queue_id = queue_id;
		if (archive_commit(NULL, NULL, a, &r, NULL) < 0)
			_exit(2);
		if (write(fd, &k, sizeof(k)) != sizeof(k))
			_exit(3);
	}
}

static void a_writer_killed_at_any_moment_loses_nothing_reported(void **state)
{
	int64_t reported = -1;
	struct random r;

	(void)state;
	random_keyed(&r, 5, 0);
	archive_close(campaigns_create("c"));
	for (int round = 0; round < 12; round++) {
		struct archive_totals t;
		struct archive *a;
		int64_t k, next;
		int ends[2], status;
		pid_t pid;

		assert_int_equal(pipe(ends), 0);
		a = campaigns_open("c", ARCHIVE_WRITE);
		assert_int_equal(archive_next_proposal(&next, a, NULL), 0);
		archive_close(a);
		pid = fork();
		if (pid == 0)
			write_until_killed(ends[1], next);
		close(ends[1]);
		clock_sleep_ns(random_between(&r, 5000000, 60000000));
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		while (read(ends[0], &k, sizeof(k)) == sizeof(k))
			reported = k;
		close(ends[0]);
		a = campaigns_open("c", ARCHIVE_WRITE);
		campaigns_verify(a);
		t = campaigns_totals(a);
		assert_int_equal(archive_next_proposal(&next, a, NULL), 0);
		assert_true(next > reported && next == t.evaluations + t.queued);
		archive_close(a);
	}
	assert_true(reported > 20);
}

static int fill_disk(const char *path)
{
	static char zeros[65536];
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	size_t size = sizeof(zeros);

	while (size > 0) {
		if (write(fd, zeros, size) < 0)
			size /= 2;
	}
	return close(fd);
}

static int commit_raw(struct archive *a, int64_t k, struct err *e)
{
	struct campaigns_sample s;
	struct archive_result r = {
		.program = &s.p, .takes_cell = true, .image = s.source, .image_bytes = 100,
	};

	campaigns_fill(&s, k, (double)k, k % 160);
	return archive_commit(NULL, NULL, a, &r, e);
}

static void a_full_disk_is_reported_and_leaves_the_file_intact(void **state)
{
	struct archive *a;
	struct err e = { 0 };
	int64_t k = 0, before;
	int rc = 0;

	(void)state;
	assert_int_equal(mkdir("disk", 0755), 0);
	if (geteuid() != 0 || mount("tmpfs", "disk", "tmpfs", 0, "size=4m") < 0) {
		print_message("SKIPPED, not tested: no right to mount a small tmpfs\n");
		skip();
	}
	a = campaigns_create("disk/c");
	for (; k < 20; k++)
		assert_int_equal(commit_raw(a, k, NULL), 0);
	assert_int_equal(fill_disk("disk/ballast"), 0);
	for (; k < 10000 && rc == 0; k++)
		rc = commit_raw(a, k, &e);
	if (rc != ERR_FULL)
		print_message("%s\n", e.text);
	assert_int_equal(rc, ERR_FULL);
	before = k - 1;
	campaigns_verify(a);
	assert_int_equal(campaigns_totals(a).programs, before);
	/* A whole batch that does not fit has not happened. */
	assert_int_equal(archive_batch_begin(a, NULL), 0);
	for (rc = 0; k < 10000 && rc == 0; k++)
		rc = commit_raw(a, k, NULL);
	if (rc == 0)
		rc = archive_batch_end(a, NULL);
	else
		archive_batch_end(a, NULL);
	assert_int_equal(rc, ERR_FULL);
	campaigns_verify(a);
	/* With room again the same process goes on, and after it the next one. */
	assert_int_equal(unlink("disk/ballast"), 0);
	before = campaigns_totals(a).programs;
	assert_int_equal(commit_raw(a, k, &e), 0);
	archive_close(a);
	a = campaigns_open("disk/c", ARCHIVE_WRITE);
	campaigns_verify(a);
	assert_int_equal(campaigns_totals(a).programs, before + 1);
	archive_close(a);
	assert_int_equal(umount("disk"), 0);
}

static int unmount_disk(void **state)
{
	(void)state;
	umount2("disk", MNT_DETACH);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_writer_killed_at_any_moment_loses_nothing_reported, scratch_clear),
		cmocka_unit_test_setup_teardown(a_full_disk_is_reported_and_leaves_the_file_intact,
			scratch_clear, unmount_disk),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
