#include "orchestrator/briefing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "evaluators/plugin.h"
#include "orchestrator/campaign.h"
#include "orchestrator/pool.h"
#include "orchestrator/progress.h"

/* As one word of the shell; caller frees. Plain paths stay plain, since a launcher like ssh hands them to a second shell. */
static char *quoted(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.,:=@%+-";
	struct buffer b;

	if (path[strspn(path, plain)] == '\0')
		return text_copy(path);
	buffer_init(&b, 5 * BRIEFING_PATH_MAX);
	buffer_add_text(&b, "'");
	for (; *path != '\0'; path++)
		buffer_add(&b, *path == '\'' ? "'\\''" : path, *path == '\'' ? 4 : 1);
	buffer_add_text(&b, "'");
	return buffer_take(&b);
}

static int own_command(struct briefing *b, struct err *e)
{
	char path[BRIEFING_PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	char *word;
	int size;

	if (n < 0)
		return err_errno(e, ERR_IO, "/proc/self/exe");
	word = quoted(path);
	size = snprintf(b->worker_command, sizeof b->worker_command, "%s worker", word);
	free(word);
	if (size >= (int)sizeof b->worker_command)
		return err_set(e, ERR_LIMIT, "the path of this program is longer than %d bytes", BRIEFING_PATH_MAX);
	return 0;
}

static void order_common(const struct briefing *b, struct job_configure *j, const uint8_t key[32])
{
	const struct campaign *c = b->campaign;

	*j = (struct job_configure){ .cpu = -1, .second_cpu = -1, .candidate_included = c->unit == CAMPAIGN_UNIT_INCLUDED,
		.job_limit_ns = c->job_limit_ns };
	j->problem_dir = text_copy(c->problem_dir);
	j->plugin = text_copy(b->plugin);
	j->compiler = text_copy(c->compiler);
	if (c->include != NULL)
		j->include_dir = c->include[0] == '/' ? text_copy(c->include) : text_format("%s/%s", c->problem_dir, c->include);
	for (int i = 0; i < c->target_flags.count && i < JOB_FLAGS_MAX; i++)
		j->flags[i] = text_copy(c->target_flags.words[i]);
	for (int i = 0; i < c->support.count && i < 8; i++)
		j->support[i] = text_copy(c->support.words[i]);
	for (int i = 0; i < c->parameters.count && i < 15; i++) {
		j->parameters[i][0] = text_copy(c->parameters.pairs[i][0]);
		j->parameters[i][1] = text_copy(c->parameters.pairs[i][1]);
	}
	memcpy(j->key, key, sizeof j->key);
}

static void order_compile_cpus(const struct briefing *b, struct job_configure *j)
{
	for (int i = 0; i < b->slots.compile_cpu_count; i++)
		j->compile_cpus[j->compile_cpu_count++] = b->slots.compile_cpus[i];
}

int briefing_orders(struct briefing *b, const struct manifest *m, const uint8_t key[32], struct err *e)
{
	if (slots_plan(&b->slots, b->campaign, m, e) < 0)
		return e->code;
	order_common(b, &b->compile, key);
	order_compile_cpus(b, &b->compile);
	b->measure = memory_array((size_t)b->slots.measure_count, sizeof *b->measure);
	for (int i = 0; i < b->slots.measure_count; i++) {
		struct job_configure *j = &b->measure[i];

		order_common(b, j, key);
		order_compile_cpus(b, j);
		j->measures = true;
		j->cpu = b->slots.measure_cpus[i];
		j->second_cpu = b->slots.second_cpu[i];
		j->lane = m->timed;
	}
	return 0;
}

/* ---- asking one worker ---- */

struct asking {
	struct briefing *briefing;
	struct manifest *manifest;
	struct progress *progress;
	struct pool *pool;
	bool done, closed;
	struct err err;
};

static void on_closed(void *context)
{
	((struct asking *)context)->closed = true;
}

static void asking_end(struct asking *a)
{
	if (a->done)
		return;
	a->done = true;
	pool_close(a->pool, on_closed, a);
}

static void on_told(void *context, const cJSON *head)
{
	struct asking *a = context;
	struct briefing *b = a->briefing;
	const cJSON *declarations = cJSON_GetObjectItemCaseSensitive(head, "manifest");

	if (a->done)
		return;
	if (manifest_from_json(&a->manifest, declarations, &a->err) == 0) {
		b->declarations = cJSON_Duplicate(declarations, 1);
		b->machine = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(head, "machine"), 1);
		b->compiler = text_copy(json_text_or(head, "compiler", ""));
	}
	asking_end(a);
}

static void on_failed(void *context, const char *why)
{
	struct asking *a = context;

	err_set(&a->err, ERR_CHILD, "no worker can be started: %s", why);
	asking_end(a);
}

static void on_log(void *context, const char *line)
{
	progress_line(((struct asking *)context)->progress, "%s", line);
}

static int ask(struct asking *a, uv_loop_t *loop, struct err *e)
{
	struct briefing *b = a->briefing;
	struct pool_options o = {
		.loop = loop, .launcher = b->campaign->launcher, .worker_command = b->worker_command,
		.silence_ns = b->campaign->worker_silence_ns, .start_ns = BRIEFING_START_NS,
		.compile = &b->compile, .compile_count = 1,
		.ready = on_told, .failed = on_failed, .log = on_log, .context = a,
	};
	int rc = pool_open(&a->pool, &o, e);

	if (rc < 0)
		return rc;
	while (!a->closed)
		uv_run(loop, UV_RUN_ONCE);
	return a->err.code != 0 ? err_set(e, a->err.code, "%s", a->err.text) : 0;
}

int briefing_open(struct briefing *out, struct manifest **manifest, const struct campaign *c, uv_loop_t *loop, struct progress *progress, struct err *e)
{
	static const uint8_t no_key[32];
	struct asking a = { .briefing = out, .progress = progress };
	int rc;

	*out = (struct briefing){ .campaign = c };
	rc = own_command(out, e);
	if (rc == 0)
		rc = plugin_build(&out->plugin, c->problem_dir, e);
	if (rc < 0)
		return rc;
	order_common(out, &out->compile, no_key);
	rc = ask(&a, loop, e);
	job_configure_release(&out->compile);
	memset(&out->compile, 0, sizeof out->compile);
	if (rc == 0)
		*manifest = a.manifest;
	return rc;
}

void briefing_release(struct briefing *b)
{
	for (int i = 0; i < b->slots.measure_count && b->measure != NULL; i++)
		job_configure_release(&b->measure[i]);
	free(b->measure);
	job_configure_release(&b->compile);
	free(b->plugin);
	free(b->compiler);
	cJSON_Delete(b->machine);
	cJSON_Delete(b->declarations);
	*b = (struct briefing){ 0 };
}
