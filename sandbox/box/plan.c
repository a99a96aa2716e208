#include "sandbox/box/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/box/box_wire.h"
#include "sandbox/box/object_size.h"
#include "sandbox/box/passing.h"
#include "sandbox/box/strict.h"

struct reader {
	const char *at, *end;
};

static uint32_t read_u32(struct reader *r)
{
	uint32_t value = 0;

	if (r->end - r->at < (long)sizeof value) {
		r->at = r->end;
		return 0;
	}
	memcpy(&value, r->at, sizeof value);
	r->at += sizeof value;
	return value;
}

/* A text or block; an empty text for a plan that ends early. */
static const char *read_block(struct reader *r, uint32_t *size)
{
	uint32_t bytes = read_u32(r);

	if (!bytes || r->end - r->at < (long)bytes) {
		r->at = r->end;
		*size = 0;
		return "";
	}
	const char *block = r->at;
	r->at += bytes;
	*size = bytes;
	return block;
}

static const char *read_text(struct reader *r)
{
	uint32_t size;

	return read_block(r, &size);
}

/* Times are pinned, because __TIMESTAMP__ would write them into the image. */
static int write_file(const char *name, const char *bytes, uint32_t size)
{
	static const struct timespec epoch[2];
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

	if (fd < 0)
		return errno;
	while (size) {
		ssize_t put = write(fd, bytes, size);
		if (put <= 0)
			break;
		bytes += put;
		size -= (uint32_t)put;
	}
	int error = size ? errno : futimens(fd, epoch) ? errno : 0;
	close(fd);
	return error;
}

static int run_step(struct reader *r, struct box_compiled *out)
{
	static char *const environment[] = { "LC_ALL=C", "TMPDIR=/w", "SOURCE_DATE_EPOCH=0", NULL };
	char *arguments[BOX_ARGUMENTS_MAX + 1];
	uint32_t count = read_u32(r);
	struct rusage used;
	int status;

	if (!count || count > BOX_ARGUMENTS_MAX)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		arguments[i] = (char *)(uintptr_t)read_text(r);
	arguments[count] = NULL;
	pid_t pid = vfork();
	if (pid == 0) {
		execve(arguments[0], arguments, environment);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return -1;
	out->step_cpu_ns = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000000) +
		(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * INT64_C(1000);
	out->cpu_ns += out->step_cpu_ns;
	if ((uint64_t)used.ru_maxrss * 1024 > out->peak_bytes)
		out->peak_bytes = (uint64_t)used.ru_maxrss * 1024;
	return status;
}

static bool copy_output(const char *name, int to, uint64_t max, uint64_t *bytes)
{
	static char buffer[1 << 16];
	int fd = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t got = -1;

	*bytes = 0;
	while (fd >= 0 && (got = read(fd, buffer, sizeof buffer)) > 0) {
		*bytes += (uint64_t)got;
		if (*bytes > max || write(to, buffer, (size_t)got) != got)
			break;
	}
	if (fd >= 0)
		close(fd);
	return got == 0;
}

/* Step by step; the first failure ends it and is what out tells. */
static void follow(const struct box_plan *plan, struct reader *r, struct box_compiled *out)
{
	for (uint32_t i = 0; i < plan->files; i++) {
		const char *name = read_text(r);
		uint32_t size;
		const char *bytes = read_block(r, &size);
		if ((out->status = write_file(name, bytes, size)) != 0) {
			out->failure = BOX_FAILED_SELF;
			return;
		}
	}
	for (out->step = 0; out->step < plan->steps; out->step++)
		if ((out->status = run_step(r, out)) != 0) {
			out->failure = BOX_FAILED_STEP;
			return;
		}
	for (out->step = 0; out->step < plan->outputs && out->step < BOX_OUTPUTS_MAX; out->step++)
		if (!copy_output(read_text(r), BOX_OUTPUT + (int)out->step, plan->output_bytes_max,
			    &out->output_bytes[out->step])) {
			out->failure = BOX_FAILED_OUTPUT;
			return;
		}
	for (uint32_t i = 0; i < plan->measures; i++)
		if (!object_size_add(&out->code_bytes, &out->data_bytes, read_text(r))) {
			out->failure = BOX_FAILED_OBJECT;
			return;
		}
}

int plan_run(void)
{
	struct box_compiled out = { .version = BOX_VERSION };
	struct stat st;
	struct box_plan plan;

	/*
	 * The greeting tells the driver that the box stands: from here on a sudden death is the
	 * text's doing.
	 */
	if (passing_send(BOX_SOCKET, &out, sizeof out.version, NULL, 0))
		return 1;
	if (fstat(BOX_PLAN, &st) || st.st_size < (off_t)sizeof plan)
		return 2;
	const char *text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, BOX_PLAN, 0);
	if (text == MAP_FAILED)
		return 2;
	memcpy(&plan, text, sizeof plan);
	if (plan.magic != BOX_PLAN_MAGIC || plan.version != BOX_VERSION)
		return 2;
	for (int i = 0; i < BOX_LIMITS; i++)
		strict_limit((int)plan.limits[i].resource, plan.limits[i].value);
	/* The tools inherit standard streams only. */
	for (int fd = BOX_SOCKET; fd < BOX_OUTPUT + BOX_OUTPUTS_MAX; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	struct reader r = { text + sizeof plan, text + st.st_size };
	follow(&plan, &r, &out);
	return passing_send(BOX_SOCKET, &out, sizeof out, NULL, 0) ? 1 : 0;
}
