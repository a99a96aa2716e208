#include "sandbox/one_box.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fdio.h"
#include "sandbox/compile_plan.h"
#include "sandbox/compile_result.h"
#include "sandbox/sandbox_parts.h"
#include "sandbox/wall.h"

#define WALL_LIMIT_DEFAULT_NS (15 * INT64_C(1000000000))
#define START_LIMIT_NS (10 * INT64_C(1000000000))
#define FLOOD_BYTES (4u << 20)
enum { OURS, THEIRS };

/* Everything that lives as long as one compile box. */
struct box {
	int socket[2], error[2]; /* ours and theirs; -1 once closed */
	int plan;
	int images[COMPILE_LAYOUTS_MAX];
	int image_count;
	struct launcher_process process;
	size_t kept, seen; /* bytes of diagnostics */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void box_init(struct box *b)
{
	*b = (struct box){
		.socket = { -1, -1 }, .error = { -1, -1 }, .plan = -1, .process = { -1, -1 }
	};
	for (int i = 0; i < COMPILE_LAYOUTS_MAX; i++)
		b->images[i] = -1;
}

static void box_release(struct box *b)
{
	launcher_end(&b->process);
	close_fd(&b->plan);
	for (int i = 0; i < 2; i++) {
		close_fd(&b->socket[i]);
		close_fd(&b->error[i]);
	}
	for (int i = 0; i < b->image_count; i++)
		close_fd(&b->images[i]);
}

static int open_channels(struct box *b, struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, b->socket))
		return err_errno(e, ERR_SANDBOX, "socketpair");
	int ends[2];
	if (pipe2(ends, O_CLOEXEC))
		return err_errno(e, ERR_SANDBOX, "pipe");
	b->error[OURS] = ends[0];
	b->error[THEIRS] = ends[1];
	return 0;
}

static int open_images(struct box *b, int count, struct err *e)
{
	while (b->image_count < count) {
		int fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (fd < 0)
			return err_errno(e, ERR_SANDBOX, "memfd");
		b->images[b->image_count++] = fd;
	}
	return 0;
}

/*
 * The toolchain and nothing else of the host, a scratch tmpfs, the folders for header files in it.
 */
static void add_mounts(struct wall *w, const struct sandbox *s)
{
	const struct toolchain *t = &s->tools;
	const char *files[] = { t->cc1, t->as, t->ld, t->include_dir };

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		wall_add_all(w, (const char *const[]){ "--ro-bind", files[i], files[i], NULL });
	for (int i = 0; i < t->library_dir_count; i++)
		wall_add_all(w,
			(const char *const[]){
				"--ro-bind", t->library_dirs[i], t->library_dirs[i], NULL });
	wall_add_all(w,
		(const char *const[]){ "--symlink", t->interpreter, "/lib64/ld-linux-x86-64.so.2",
			"--size", COMPILE_PLAN_SCRATCH_BYTES, "--tmpfs", "/w", "--dir", "/w/p",
			"--dir", "/w/i", "--symlink", "w/p", "/p", "--symlink", "w/i", "/i",
			NULL });
}

static int launch(struct box *b, const struct sandbox *s, struct err *e)
{
	int fds[2 + COMPILE_LAYOUTS_MAX] = { b->socket[THEIRS], b->plan };
	struct wall w;

	memcpy(fds + 2, b->images, sizeof b->images);
	wall_init(&w, s, fds, 2 + b->image_count);
	add_mounts(&w, s);
	int rc = wall_launch(&b->process, &w, s, POLICY_COMPILE, "/w", "compile", &s->compile_cpus,
		b->error[THEIRS], e);
	close_fd(&b->socket[THEIRS]);
	close_fd(&b->error[THEIRS]);
	close_fd(&b->plan);
	return rc;
}

/* Keep the beginning, count the rest. False at the end of the stream. */
static bool drain(struct box *b, struct compile_result *r)
{
	char chunk[16384];
	ssize_t got = read(b->error[OURS], chunk, sizeof chunk);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (got <= 0)
		return false;
	b->seen += (size_t)got;
	for (ssize_t i = 0; i < got && b->kept < sizeof r->diagnostics - 256; i++) {
		unsigned char c = (unsigned char)chunk[i];
		r->diagnostics[b->kept++] = (c < ' ' && c != '\n' && c != '\t') || c >= 0x7f ?
			'?' :
			(char)c;
	}
	r->diagnostics[b->kept] = '\0';
	return true;
}

static void hear(struct box *b, struct compile_ending *end)
{
	union {
		uint32_t greeting;
		struct box_compiled report;
	} message;
	ssize_t got = recv(b->socket[OURS], &message, sizeof message, MSG_DONTWAIT);

	if (got == (ssize_t)sizeof message.greeting && message.greeting == BOX_VERSION)
		end->greeted = true;
	if (got == (ssize_t)sizeof message.report && end->greeted) {
		end->compiled = message.report;
		end->reported = true;
	}
	if (got == 0)
		close_fd(&b->socket[OURS]);
}

/*
 * Until the box reported or ended, took too long or said too much. The text's time begins with the
 * greeting.
 */
static void watch(
	struct box *b, struct compile_result *r, struct compile_ending *end, int64_t limit_ns)
{
	int64_t stop_ns = clock_now_ns() + START_LIMIT_NS;
	bool talking = true;

	while (!end->reported && !end->flooded && !end->late) {
		struct pollfd polls[] = {
			{ .fd = b->socket[OURS], .events = POLLIN },
			{ .fd = talking ? b->error[OURS] : -1, .events = POLLIN },
			{ .fd = b->process.pidfd, .events = POLLIN },
		};
		int64_t left_ns = stop_ns - clock_now_ns();
		end->late = left_ns <= 0;
		if (end->late ||
			(poll(polls, 3, (int)(left_ns / 1000000) + 1) < 0 && errno != EINTR))
			break;
		if (polls[1].revents)
			talking = drain(b, r);
		end->flooded = b->seen > FLOOD_BYTES;
		bool greeted = end->greeted;
		if (polls[0].revents && b->socket[OURS] >= 0)
			hear(b, end);
		if (end->greeted && !greeted)
			stop_ns = clock_now_ns() + limit_ns;
		/* Whatever it still had to say is in the pipe and the socket. */
		if (polls[2].revents && !polls[1].revents && !polls[0].revents)
			break;
	}
	/* What the tools wrote before the report is in the pipe by now. */
	if (fcntl(b->error[OURS], F_SETFL, O_NONBLOCK) == 0)
		for (int turn = 0; turn < 2 && talking && b->kept < sizeof r->diagnostics - 256;
			turn++)
			talking = drain(b, r);
}

/*
 * The box is dead: fix the bytes. A seal is refused while anything could still write, so success
 * means that nothing can.
 */
static int seal_images(
	struct box *b, struct compile_result *r, const struct box_compiled *c, struct err *e)
{
	struct stat st;

	for (int i = 0; i < b->image_count; i++) {
		if (fcntl(b->images[i], F_ADD_SEALS,
			    F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
			return err_errno(e, ERR_SANDBOX, "an image cannot be sealed");
		if (fstat(b->images[i], &st) || st.st_size > (off_t)COMPILE_IMAGE_MAX ||
			st.st_size <= 0)
			return err_set(
				e, ERR_SANDBOX, "the compile box gave an image of a wrong size");
		if (i == 0)
			r->image_bytes = (size_t)st.st_size;
	}
	for (int i = 0; i < b->image_count; i++) {
		r->images[i] = b->images[i];
		b->images[i] = -1;
	}
	r->image_count = b->image_count;
	r->code_bytes = c->code_bytes;
	r->data_bytes = c->data_bytes;
	return 0;
}

static int run(struct compile_result *r, struct box *b, const struct sandbox *s,
	const struct buffer *plan, int outputs, int64_t wall_limit_ns, struct err *e)
{
	struct compile_ending end = { .greeted = false };
	int rc = fdio_sealed(&b->plan, "plan", plan->bytes, plan->size, e);

	if (rc == 0)
		rc = open_channels(b, e);
	if (rc == 0)
		rc = open_images(b, outputs, e);
	if (rc == 0)
		rc = launch(b, s, e);
	if (rc < 0)
		return rc;
	watch(b, r, &end, wall_limit_ns > 0 ? wall_limit_ns : WALL_LIMIT_DEFAULT_NS);
	launcher_end(&b->process);
	rc = compile_result_judge(r, &end, e);
	if (rc == 0 && r->outcome == SANDBOX_OK)
		rc = seal_images(b, r, &end.compiled, e);
	r->cpu_ns = end.compiled.cpu_ns;
	r->peak_bytes = (size_t)end.compiled.peak_bytes;
	return rc;
}

int one_box_run(struct compile_result *r, const struct sandbox *s, const struct buffer *plan,
	int outputs, int64_t wall_limit_ns, struct err *e)
{
	struct box b;

	box_init(&b);
	int rc = run(r, &b, s, plan, outputs, wall_limit_ns, e);
	box_release(&b);
	return rc;
}
