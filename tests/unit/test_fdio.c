#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/text.h"
#include "tests/support/scratch.h"

static void a_written_file_reads_back(void **state)
{
	char *bytes = NULL;
	size_t size = 0;
	struct stat s;

	(void)state;
	umask(022);
	assert_int_equal(fdio_write_file("a", "x\0y", 3, NULL), 0);
	assert_int_equal(fdio_read_file(&bytes, &size, "a", 100, NULL), 0);
	assert_int_equal(size, 3);
	assert_memory_equal(bytes, "x\0y\0", 4);
	free(bytes);
	assert_int_equal(stat("a", &s), 0);
	assert_int_equal(s.st_mode & 0777, 0644);
	assert_int_equal(fdio_write_file("a", "new", 3, NULL), 0);
	assert_int_equal(fdio_read_file(&bytes, NULL, "a", 100, NULL), 0);
	assert_string_equal(bytes, "new");
	free(bytes);
}

static void a_failed_write_leaves_no_file_behind(void **state)
{
	struct err e = { 0 };
	DIR *folder;
	int entries = 0;

	(void)state;
	assert_int_equal(mkdir("full", 0777), 0);
	assert_int_equal(mkdir("full/target", 0777), 0);
	assert_int_equal(fdio_write_file("full/target", "x", 1, &e), ERR_IO);
	assert_non_null(strstr(e.text, "full/target"));
	folder = opendir("full");
	while (readdir(folder))
		entries++;
	closedir(folder);
	assert_int_equal(entries, 3);
	assert_int_equal(fdio_write_file("none/a", "x", 1, NULL), ERR_MISSING);
}

static void more_than_the_maximum_is_refused(void **state)
{
	char *bytes = NULL;

	(void)state;
	fdio_write_file("a", "1234", 4, NULL);
	assert_int_equal(fdio_read_file(&bytes, NULL, "a", 3, NULL), ERR_LIMIT);
	assert_null(bytes);
	assert_int_equal(fdio_read_file(&bytes, NULL, "a", 4, NULL), 0);
	free(bytes);
}

static void missing_files_folders_and_fifos_are_told_apart(void **state)
{
	char *bytes = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(fdio_read_file(&bytes, NULL, "absent", 10, &e), ERR_MISSING);
	assert_string_equal(e.text, "absent: No such file or directory");
	assert_int_equal(fdio_read_file(&bytes, NULL, ".", 10, &e), ERR_IO);
	assert_int_equal(mkfifo("fifo", 0666), 0);
	assert_int_equal(fdio_read_file(&bytes, NULL, "fifo", 10, &e), ERR_IO);
	assert_null(bytes);
}

static void files_without_a_size_are_read_whole(void **state)
{
	char *bytes = NULL;
	size_t size = 0;

	(void)state;
	assert_int_equal(fdio_read_file(&bytes, &size, "/proc/self/status", 1 << 20, NULL), 0);
	assert_true(size > 100);
	free(bytes);
}

static void reading_a_descriptor_starts_at_its_beginning(void **state)
{
	char *bytes = NULL;
	int ends[2], fd;

	(void)state;
	fdio_write_file("a", "abc", 3, NULL);
	fd = open("a", O_RDONLY);
	lseek(fd, 2, SEEK_SET);
	assert_int_equal(fdio_read_fd(&bytes, NULL, fd, 10, NULL), 0);
	assert_string_equal(bytes, "abc");
	free(bytes);
	close(fd);
	bytes = NULL;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fdio_read_fd(&bytes, NULL, ends[0], 10, NULL), ERR_IO);
	assert_null(bytes);
	close(ends[0]);
	close(ends[1]);
}

/* What a box got as input must not change while it is trusted, whoever holds the descriptor. */
static void a_sealed_file_refuses_every_change(void **state)
{
	char *bytes = NULL;
	int fd = -1;

	(void)state;
	assert_int_equal(fdio_sealed(&fd, "object", "abc", 3, NULL), 0);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(pwrite(fd, "x", 1, 3), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(ftruncate(fd, 100), -1);
	assert_ptr_equal(mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fdio_read_fd(&bytes, NULL, fd, 10, NULL), 0);
	assert_string_equal(bytes, "abc");
	free(bytes);
	close(fd);
}

static void folders_are_made_with_their_parents(void **state)
{
	struct err e = { 0 };
	char *absolute = text_format("%s/x/y/", (char *)*state);

	assert_int_equal(fdio_make_dirs("p/q/r", NULL), 0);
	assert_int_equal(fdio_make_dirs("p/q/r", NULL), 0);
	assert_true(fdio_exists("p/q/r"));
	assert_false(fdio_exists("p/q/s"));
	assert_int_equal(fdio_make_dirs(absolute, NULL), 0);
	assert_true(fdio_exists("x/y"));
	fdio_write_file("file", "", 0, NULL);
	assert_int_equal(fdio_make_dirs("file/z", &e), ERR_IO);
	assert_non_null(strstr(e.text, "Not a directory"));
	free(absolute);
}

static void a_full_device_has_its_own_code(void **state)
{
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fdio_write_all(fd, "x", 1, NULL), ERR_FULL);
	close(fd);
}

static void a_pipe_that_does_not_block_is_written_whole(void **state)
{
	enum { BYTES = 1 << 20 };
	char *bytes = memory_alloc(BYTES);
	int ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		_exit(fdio_write_all(ends[1], bytes, BYTES, NULL) != 0);
	}
	close(ends[1]);
	fcntl(ends[0], F_SETFL, 0);
	size_t total = 0;
	for (ssize_t n; (n = read(ends[0], bytes, BYTES)) > 0; )
		total += (size_t)n;
	assert_int_equal(total, BYTES);
	close(ends[0]);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_written_file_reads_back),
		cmocka_unit_test(a_failed_write_leaves_no_file_behind),
		cmocka_unit_test(more_than_the_maximum_is_refused),
		cmocka_unit_test(missing_files_folders_and_fifos_are_told_apart),
		cmocka_unit_test(files_without_a_size_are_read_whole),
		cmocka_unit_test(reading_a_descriptor_starts_at_its_beginning),
		cmocka_unit_test(a_sealed_file_refuses_every_change),
		cmocka_unit_test(folders_are_made_with_their_parents),
		cmocka_unit_test(a_full_device_has_its_own_code),
		cmocka_unit_test(a_pipe_that_does_not_block_is_written_whole),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
