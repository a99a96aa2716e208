/*
 * bench_null.c - the campaign's own cost: the real loop, protocol and archive over a worker that answers at once.
 *
 *   this program ── fork ──▶ clade run ── launcher ──▶ this program as a null worker: images and metrics out of the source's hash
 *        └ samples the engine's memory and the file's sizes until it ends
 *
 * 100,000 candidates, 1,000,000 with CLADE_BENCH_FULL. Rows: what<TAB>value<TAB>target.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "evaluators/job.h"
#include "evaluators/machine.h"
#include "evaluators/manifest.h"
#include "evaluators/plugin.h"

/* ---- the null worker ---- */

static int fail(const struct err *e)
{
	fprintf(stderr, "bench_null: %s\n", e->text);
	return 1;
}

static int null_ready(const struct frame *f, struct err *e)
{
	const char *so = json_text_or(f->head, "plugin", "");
	const struct clade_evaluator *v;
	cJSON *head;
	int rc = plugin_load(&v, so, e);

	if (rc < 0)
		return rc;
	head = cJSON_CreateObject();
	json_put_text(head, "type", "ready");
	json_put_i64(head, "version", FRAME_VERSION);
	json_put_text(head, "compiler", "none");
	cJSON_AddItemToObject(head, "manifest", manifest_to_json(v));
	cJSON_AddItemToObject(head, "machine", machine_fingerprint("none"));
	rc = frame_write(1, head, NULL, 0, e);
	cJSON_Delete(head);
	return rc;
}

static int null_compile(struct buffer *out, int64_t id, const struct frame *f, struct err *e)
{
	struct job_compile job;
	char image[2048];
	struct job_compile_result r = { .verdict = VERDICT_OK, .code_bytes = 100, .image = { image, sizeof image } };
	int rc = job_compile_decode(&job, f, e);

	if (rc < 0)
		return rc;
	for (size_t at = 0; at < sizeof image; at += HASH_BYTES) {
		struct hash h = hash_plain(job.program.source, job.program.source_bytes);

		h.bytes[0] ^= (uint8_t)(at % 64);     /* some redundancy, as machine code has */
		memcpy(image + at, h.bytes, HASH_BYTES);
	}
	return job_compile_result_encode(out, id, &r, e);
}

static int null_evaluate(struct buffer *out, int64_t id, const struct frame *f, struct err *e)
{
	struct job_evaluate job;
	struct job_evaluate_result r = { .verdict = VERDICT_OK, .race_ratio = NAN };
	int rc = job_evaluate_decode(&job, f, e);

	if (rc < 0)
		return rc;
	for (int i = 0; i < CLADE_METRICS_MAX; i++)
		r.metrics[i] = ((const uint8_t *)job.image.bytes)[i + 1] * 15.0 / 256;
	return job_evaluate_result_encode(out, id, &r, e);
}

static int null_tune(struct buffer *out, int64_t id, const struct frame *f, struct err *e)
{
	struct job_tune job;
	struct job_tune_result r = { .verdict = VERDICT_OK };
	int rc = job_tune_decode(&job, f, e);

	if (rc < 0)
		return rc;
	r.constant_count = job.constant_count;
	for (int i = 0; i < job.constant_count; i++)
		r.constants[i] = job.constants[i] * (1 + 1e-3 * (i + 1));
	return job_tune_result_encode(out, id, &r, e);
}

static int null_answer(const struct frame *f, struct err *e)
{
	const char *kind = json_text_or(f->head, "kind", "");
	int64_t id = json_i64_or(f->head, "id", 0);
	struct buffer out;
	int rc;

	buffer_init(&out, FRAME_BYTES_MAX);
	if (text_equal(kind, "compile"))
		rc = null_compile(&out, id, f, e);
	else if (text_equal(kind, "evaluate"))
		rc = null_evaluate(&out, id, f, e);
	else
		rc = null_tune(&out, id, f, e);
	if (rc == 0)
		rc = write(1, out.bytes, out.size) == (ssize_t)out.size ? 0 : err_errno(e, ERR_IO, "write");
	buffer_release(&out);
	return rc;
}

static int null_worker(void)
{
	struct buffer in;
	struct frame f = { 0 };
	struct err e = { 0 };
	int rc = 0;

	buffer_init(&in, FRAME_BYTES_MAX);
	while (rc >= 0 && (rc = frame_read(&f, 0, &in, &e)) == 1) {
		const char *type = json_text_or(f.head, "type", "");

		if (text_equal(type, "configure"))
			rc = null_ready(&f, &e);
		else if (text_equal(type, "job"))
			rc = null_answer(&f, &e);
		else if (text_equal(type, "bye"))
			rc = frame_write(1, f.head, NULL, 0, &e) < 0 ? e.code : ERR_TIMEOUT;
		frame_release(&f);
	}
	buffer_release(&in);
	return rc < 0 && rc != ERR_TIMEOUT ? fail(&e) : 0;
}

/* ---- the measured engine ---- */

static int run_engine(const char *self, const char *file, int64_t evaluations)
{
	const char *clade = getenv("CLADE");
	char *launcher = text_format("launcher=%s null # {worker}", self);
	char *budget = text_format("%lld", (long long)evaluations);

	if (clade == NULL)
		clade = "build/clade";
	execl(clade, clade, "run", "exp2_ops", "--file", file, "--quiet", "--evaluations", budget, "--wall", "0", "--seed", "1",
		"--set", launcher, (char *)NULL);
	perror(clade);
	return 1;
}

static long resident_kb(pid_t pid)
{
	char path[64], line[128];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kb;
}

static double megabytes(const char *file, const char *suffix)
{
	char *path = text_format("%s%s", file, suffix);
	struct stat st;
	double mb = stat(path, &st) == 0 ? (double)st.st_size / 1e6 : 0;

	free(path);
	return mb;
}

#define SAMPLES_MAX 100000
static long samples[SAMPLES_MAX];

static int watch(pid_t pid, const char *file, int64_t evaluations)
{
	int64_t began = clock_now_ns();
	int n = 0, status;
	double wal = 0, seconds;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		double mb = megabytes(file, "-wal");

		wal = mb > wal ? mb : wal;
		if (n < SAMPLES_MAX)
			samples[n++] = resident_kb(pid);
		clock_sleep_ns(50000000);
	}
	seconds = (double)(clock_now_ns() - began) / 1e9;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || n < 10)
		return 1;
	printf("null evaluator: candidates\t%lld\t\n", (long long)evaluations);
	printf("null evaluator: candidates per second\t%.0f\t\n", (double)evaluations / seconds);
	printf("engine memory at a fifth, half, end of the run (MB)\t%.1f %.1f %.1f\tflat\n", (double)samples[n / 5] / 1e3,
		(double)samples[n / 2] / 1e3, (double)samples[n - 2] / 1e3);
	printf("largest WAL (MB)\t%.1f\tflat\n", wal);
	printf("bytes per program in the file\t%.0f\t\n", megabytes(file, "") * 1e6 / (double)evaluations);
	return 0;
}

int main(int argc, char **argv)
{
	int64_t evaluations = getenv("CLADE_BENCH_FULL") != NULL ? 1000000 : 100000;
	char folder[] = "/tmp/bench_null.XXXXXX";
	char self[4096];
	char *file;
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	pid_t pid;
	int status;

	if (argc > 1 && text_equal(argv[1], "null"))
		return null_worker();
	if (argc > 1 && text_parse_i64(&evaluations, argv[1]) < 0)
		return 2;
	if (n < 0 || mkdtemp(folder) == NULL)
		return 1;
	self[n] = '\0';
	file = text_format("%s/c.clade", folder);
	pid = fork();
	if (pid == 0)
		_exit(run_engine(self, file, evaluations));
	status = watch(pid, file, evaluations);
	for (int i = 0; i < 4; i++) {
		static const char *const suffixes[] = { "", "-wal", "-shm", "-lock" };
		char *path = text_format("%s%s", file, suffixes[i]);

		unlink(path);
		free(path);
	}
	free(file);
	rmdir(folder);
	return status;
}
