#include "evaluators/rig.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/compile_stage.h"
#include "evaluators/duel_stage.h"
#include "evaluators/evaluate_stage.h"
#include "evaluators/plugin.h"
#include "evaluators/tune_stage.h"

/* All crossings of one evaluation together: 80 job-shop instances are 60,000 decisions, a quarter
 * of a second. */
#define EVALUATION_BUDGET_NS 20000000000LL
#define SEED_DOMAIN \
	0x636c61646500ULL /* keeps input streams apart from other streams of a campaign's seed */

/* ---- opening ---- */

static int pin(int cpu, struct err *e)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return err_errno(e, ERR_ARGS, "cannot measure on cpu %d", cpu);
	return 0;
}

/* Driver and timed candidate must share a core (measuring note, section 0), so a timed problem
 * without a given cpu takes the one that it is on. */
static int choose_cpu(struct rig *r, struct err *e)
{
	r->cpu = r->configure->cpu;
	if (!r->configure->measures)
		return 0;
	if (r->cpu < 0 && r->evaluator->timed)
		r->cpu = sched_getcpu();
	return r->cpu >= 0 ? pin(r->cpu, e) : 0;
}

static void count_tables(struct rig *r)
{
	const struct clade_evaluator *v = r->evaluator;

	while (v->metrics[r->metric_count].name) {
		if (text_equal(v->metrics[r->metric_count].name, v->fitness))
			r->fitness_index = r->metric_count;
		r->metric_count++;
	}
	while (v->classes && v->classes[r->class_count])
		r->class_count++;
}

static int check_imports(const struct clade_evaluator *v, struct err *e)
{
	for (const char *const *name = v->imports; name && *name; name++) {
		if (!run_box_import_known(*name))
			return err_set(e, ERR_ARGS,
				"evaluator %s: the run box has no function '%s' to import", v->name,
				*name);
	}
	if (v->arguments_bytes > RUN_REGION_MAX || v->results_bytes > RUN_REGION_MAX)
		return err_set(e, ERR_ARGS, "evaluator %s: arguments or results over %u bytes",
			v->name, RUN_REGION_MAX);
	return 0;
}

static int open_sandbox(struct rig *r, struct err *e)
{
	struct sandbox_options options = { .compiler = r->configure->compiler,
		.include_dir = r->configure->include_dir };
	int rc = sandbox_open(&r->sandbox, &options, e);

	if (rc < 0)
		return rc;
	if (r->configure->compile_cpu_count > 0)
		sandbox_set_compile_cpus(
			r->sandbox, r->configure->compile_cpus, r->configure->compile_cpu_count);
	return 0;
}

static int open_evaluator(struct rig *r, struct err *e)
{
	r->host = host_new(r->configure->problem_dir, r->configure->parameters);
	if (r->evaluator->open && r->evaluator->open(&r->state, host_table(r->host)) != CLADE_OK)
		return err_set(e, ERR_CHILD,
			"evaluator %s could not open; its own words are on stderr",
			r->evaluator->name);
	r->state_open = true;
	return 0;
}

static int open_measuring(struct rig *r, struct err *e)
{
	int rc = open_evaluator(r, e);

	if (rc == 0)
		rc = run_box_open(&r->box, r->sandbox, e);
	if (rc == 0 && r->evaluator->timed)
		rc = compile_stage_null(&r->null_image, r, e);
	return rc;
}

int rig_open(struct rig **out, const struct job_configure *configure,
	const struct worker_hooks *hooks, struct err *e)
{
	struct rig *r = memory_alloc(sizeof(*r));
	int rc;

	r->configure = configure;
	r->hooks = hooks;
	r->null_image = -1;
	for (int i = 0; i < RIG_IMAGES_MAX; i++)
		r->images[i].fd = -1;
	rc = plugin_load(&r->evaluator, configure->plugin, e);
	if (rc == 0)
		rc = check_imports(r->evaluator, e);
	if (rc == 0)
		rc = compile_stage_units(r, e);
	if (rc == 0)
		rc = open_sandbox(r, e);
	if (rc == 0)
		rc = choose_cpu(r, e);
	if (rc == 0)
		count_tables(r);
	if (rc == 0 && configure->measures)
		rc = open_measuring(r, e);
	if (rc < 0)
		rig_close(r);
	else
		*out = r;
	return rc;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void rig_close(struct rig *r)
{
	if (!r)
		return;
	run_box_close(r->box);
	close_fd(r->null_image);
	if (r->pool.filled)
		compile_result_release(&r->pool.images);
	free(r->pool.source);
	for (int i = 0; i < RIG_IMAGES_MAX; i++)
		close_fd(r->images[i].fd);
	sandbox_close(r->sandbox);
	if (r->state_open && r->evaluator->close)
		r->evaluator->close(r->state);
	host_free(r->host);
	for (int i = 0; i < r->unit_count; i++) {
		free((char *)(uintptr_t)r->units[i].name);
		free((char *)(uintptr_t)r->units[i].text);
	}
	free(r->image_bytes);
	free(r);
}

const char *rig_compiler_version(const struct rig *r)
{
	return sandbox_compiler_version(r->sandbox);
}

/* ---- jobs ---- */

static int check_measures(const struct rig *r, const char *what, struct err *e)
{
	return r->box ? 0 : err_set(e, ERR_ARGS, "a compile-only worker was asked to %s", what);
}

int rig_compile(
	struct job_compile_result *out, struct rig *r, const struct job_compile *job, struct err *e)
{
	return compile_stage_run(out, r, job, e);
}

int rig_evaluate(struct job_evaluate_result *out, struct rig *r, const struct job_evaluate *job,
	struct err *e)
{
	int rc = check_measures(r, "evaluate", e);

	return rc < 0 ? rc : evaluate_stage_run(out, r, job, e);
}

int rig_duel(struct job_duel_result *out, struct rig *r, const struct job_duel *job, struct err *e)
{
	int rc = check_measures(r, "duel", e);

	if (rc == 0 && !r->evaluator->timed)
		rc = err_set(e, ERR_ARGS, "%s is not timed: there is nothing to duel for",
			r->evaluator->name);
	return rc < 0 ? rc : duel_stage_run(out, r, job, e);
}

int rig_tune(struct job_tune_result *out, struct rig *r, const struct job_tune *job, struct err *e)
{
	int rc = check_measures(r, "tune", e);

	if (rc == 0 && (!r->evaluator->residuals || !r->hooks || !r->hooks->tune))
		rc = err_set(e, ERR_ARGS, "%s: no residuals, or no tuner in this program",
			r->evaluator->name);
	return rc < 0 ? rc : tune_stage_run(out, r, job, e);
}

/* ---- for stages ---- */

/* The slot that holds the image, or the one to give up: an empty one, else the longest unused. */
static struct rig_image *find_slot(struct rig *r, const struct hash *h, size_t size, bool *hit)
{
	struct rig_image *oldest = &r->images[0];

	for (int i = 0; i < RIG_IMAGES_MAX; i++) {
		struct rig_image *at = &r->images[i];

		*hit = at->fd >= 0 && at->size == size &&
			memcmp(at->hash, h->bytes, sizeof(at->hash)) == 0;
		if (*hit)
			return at;
		if (at->used < oldest->used)
			oldest = at;
	}
	return oldest;
}

/* An image is hostile bytes, so the name is a keyed hash of this process: nobody can aim a
 * collision at the seed. */
static struct hash image_hash(struct frame_blob image)
{
	static struct hash_secret secret;
	static bool made;

	if (!made)
		made = hash_secret_make(&secret, NULL) == 0;
	return hash_keyed(&secret, image.bytes, image.size);
}

int rig_image_fd(int *fd, struct rig *r, struct frame_blob image, struct err *e)
{
	struct hash h = image_hash(image);
	bool hit;
	struct rig_image *slot = find_slot(r, &h, image.size, &hit);
	int rc;

	slot->used = ++r->image_clock;
	if (!hit) {
		close_fd(slot->fd);
		slot->fd = -1;
		rc = fdio_sealed(&slot->fd, "image", image.bytes, image.size, e);
		if (rc < 0) {
			err_in(e, "image");
			return rc;
		}
		slot->size = image.size;
		memcpy(slot->hash, h.bytes, sizeof(slot->hash));
	}
	*fd = slot->fd;
	return 0;
}

void rig_stream(struct random *out, const struct rig *r, enum clade_stream stream)
{
	const struct job_configure *c = r->configure;

	if (c->has_seed)
		random_keyed(out, c->seed, SEED_DOMAIN | stream);
	else
		random_from_key(out, c->key, stream);
}

struct host_start rig_start(const struct rig *r, int image)
{
	return (struct host_start){
		.box = r->box,
		.evaluator = r->evaluator,
		.image = image,
		.entry = "clade_call",
		.channel = RUN_BLOCKING,
		.cpu = r->cpu,
		.budget_ns = EVALUATION_BUDGET_NS,
	};
}

int rig_settle(enum verdict *verdict, char **reason, const struct rig *r,
	const struct clade_run *run, int answer, struct err *e)
{
	const char *said = host_run_reason(run), *ended;
	int rc = host_run_state(run, verdict, &ended, e);

	if (rc < 0)
		return rc;
	if (rc == 1) {
		*reason = text_copy(ended);
		return 1;
	}
	if (answer == CLADE_OK)
		return 0;
	if (answer == CLADE_WRONG) {
		*verdict = VERDICT_WRONG;
		*reason = text_copy(*said ? said : "an answer is wrong");
		return 1;
	}
	return err_set(e, ERR_CHILD, "evaluator %s failed%s%s", r->evaluator->name,
		*said ? ": " : "; its own words are on stderr", said);
}
