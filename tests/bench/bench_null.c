/*
 * bench_null.c - the campaign's own cost: the real loop, protocol and archive over a worker that answers at once.
 *
 *   this program ── fork ──▶ clade run ── launcher ──▶ this program as a null worker: images and metrics out of the source's hash
 *        └ samples the engine's memory, its evaluations and the file's sizes until it ends
 *
 * 3,000 candidates on the disk of TMPDIR for the rate with real syncs, then 100,000 (CLADE_BENCH_FULL: 1,000,000; or bench_null N) for what must stay
 * flat; those are in /dev/shm where it has the room, because it is the engine that is looked at, and a disk's syncs could take a quarter of an hour.
 */
#include <math.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "archive/archive.h"
#include "base/hash.h"
#include "base/json.h"
#include "evaluators/job.h"
#include "evaluators/machine.h"
#include "evaluators/manifest.h"
#include "evaluators/plugin.h"
#include "tests/bench/bench.h"

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

#define DISK_CANDIDATES 3000
#define MEMORY_FOLDER "/dev/shm"
#define ROOM_BYTES 2000      /* of a candidate, with its share of the log */
#define SAMPLE_NS 250000000
#define SAMPLES_MAX 20000
#define FLAT_MOST 1.25       /* end of the run over its half */

struct sample { int64_t at_ns, evaluations; double memory_mb, wal_mb; };
static struct sample samples[SAMPLES_MAX];

_Noreturn static void run_engine(const char *self, const char *file, const char *log, int64_t evaluations)
{
	char *launcher = text_format("launcher=%s null # {worker}", self), *budget = text_format("%lld", (long long)evaluations);
	const char *clade = getenv("CLADE") ? getenv("CLADE") : "build/clade";
	int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, 1);
	dup2(out, 2);
	execl(clade, clade, "run", "exp2_ops", "--file", file, "--quiet", "--evaluations", budget, "--wall", "0", "--seed", "1",
		"--set", launcher, (char *)NULL);
	_exit(127);
}

static double resident_mb(pid_t pid)
{
	char path[64], line[128];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f) && sscanf(line, "VmRSS: %ld", &kb) != 1)
		continue;
	if (f)
		fclose(f);
	return (double)kb / 1e3;
}

static double megabytes(const char *file, const char *suffix)
{
	char *path = text_format("%s%s", file, suffix);
	struct stat st;
	double mb = stat(path, &st) == 0 ? (double)st.st_size / 1e6 : 0;

	free(path);
	return mb;
}

/* A reader beside the engine, as `clade status` is. */
static int64_t evaluations_of(const char *file)
{
	struct archive_totals t = { 0 };
	struct archive *a = NULL;

	if (archive_open(&a, file, ARCHIVE_READ, NULL) < 0)
		return 0;      /* not there yet */
	archive_totals(&t, a, NULL);
	archive_close(a);
	return t.evaluations;
}

/* Samples until the engine ends; how many, or -1 when it did not end well. */
static int watch(pid_t pid, const char *file)
{
	int n = 0, status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (n < SAMPLES_MAX)
			samples[n++] = (struct sample){ clock_now_ns(), evaluations_of(file), resident_mb(pid), megabytes(file, "-wal") };
		clock_sleep_ns(SAMPLE_NS);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? n : -1;
}

/* The first sample at which this share of the evaluations was done. */
static const struct sample *sample_at(int n, int64_t evaluations, double share)
{
	for (int i = 0; i < n; i++)
		if ((double)samples[i].evaluations >= share * (double)evaluations)
			return &samples[i];
	return &samples[n - 1];
}

static double rate_between(const struct sample *a, const struct sample *b)
{
	return (double)(b->evaluations - a->evaluations) * 1e9 / (double)(b->at_ns - a->at_ns);
}

static void row_rate(const char *what, int n, int64_t evaluations)
{
	const struct sample *first = sample_at(n, evaluations, 0), *last = &samples[n - 2];   /* the engine of the last one may be gone */

	bench_row(what, "", "%.0f (%lld in %.1f s)", rate_between(first, last), (long long)evaluations, (double)(last->at_ns - first->at_ns) / 1e9);
}

static int rows_flat(int n, double mb, int64_t evaluations)
{
	const struct sample *first = sample_at(n, evaluations, 0), *fifth = sample_at(n, evaluations, 0.2), *half = sample_at(n, evaluations, 0.5);
	const struct sample *late = sample_at(n, evaluations, 0.8), *last = &samples[n - 2];
	int missed = last->memory_mb > FLAT_MOST * half->memory_mb || last->wal_mb > FLAT_MOST * half->wal_mb;

	bench_row("  in the first and in the last fifth", "", "%.0f %.0f", rate_between(first, fifth), rate_between(late, last));
	bench_row("  memory of the engine at a fifth, half, end (MB)", "flat", "%.1f %.1f %.1f%s", fifth->memory_mb, half->memory_mb,
		last->memory_mb, last->memory_mb > FLAT_MOST * half->memory_mb ? " MISSED" : "");
	bench_row("  write-ahead log at a fifth, half, end (MB)", "flat", "%.1f %.1f %.1f%s", fifth->wal_mb, half->wal_mb, last->wal_mb,
		last->wal_mb > FLAT_MOST * half->wal_mb ? " MISSED" : "");
	bench_row("  bytes per program in the file", "", "%.0f", mb * 1e6 / (double)evaluations);
	return missed;
}

/* Run the engine on a new file; how many samples, in *mb what the file took. */
static int campaign(double *mb, const char *self, int64_t evaluations)
{
	const char *folder = bench_folder();
	char *file = text_format("%s/c.clade", folder), *log = text_format("%s/log", folder);
	pid_t pid = fork();
	int n;

	if (pid == 0)
		run_engine(self, file, log, evaluations);
	n = watch(pid, file);
	*mb = megabytes(file, "");
	if (n < 5) {
		fprintf(stderr, "the campaign did not end well, or too soon to tell anything:\n");
		bench_show(log);
		exit(2);
	}
	free(file);
	free(log);
	bench_remove();
	return n;
}

static int bench(const char *self, int64_t evaluations)
{
	struct statvfs room;
	double mb;
	int n = campaign(&mb, self, DISK_CANDIDATES);

	row_rate("null evaluator: candidates per second, synced to disk", n, DISK_CANDIDATES);
	if (statvfs(MEMORY_FOLDER, &room) == 0 && (double)room.f_bavail * (double)room.f_frsize > (double)evaluations * ROOM_BYTES)
		setenv("TMPDIR", MEMORY_FOLDER, 1);
	n = campaign(&mb, self, evaluations);
	row_rate("null evaluator: candidates per second, file in memory", n, evaluations);
	return rows_flat(n, mb, evaluations);
}

int main(int argc, char **argv)
{
	int64_t evaluations = getenv("CLADE_BENCH_FULL") ? 1000000 : 100000;
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (argc > 1 && text_equal(argv[1], "null"))
		return null_worker();
	if (n < 0 || (argc > 1 && text_parse_i64(&evaluations, argv[1]) < 0)) {
		fprintf(stderr, "usage: bench_null [CANDIDATES]\n");
		return 2;
	}
	self[n] = '\0';
	return bench(self, evaluations);
}
