#include "tests/support/searches.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"
#include "orchestrator/hook.h"
#include "orchestrator/placing.h"
#include "orchestrator/proposer.h"
#include "orchestrator/screen.h"
#include "orchestrator/settle.h"

static const struct clade_metric plain_metrics[] = {
	{ .name = "digits", .unit = "digits", .text = "", .direction = CLADE_MAXIMISE, .depends = CLADE_BEHAVIOUR, .bound = INFINITY },
	{ .name = "cost", .unit = "", .text = "", .direction = CLADE_MINIMISE, .depends = CLADE_BEHAVIOUR, .bound = -INFINITY },
	{ .name = NULL },
};
static const struct clade_feature plain_features[] = {
	{ .name = "operations", .unit = "", .text = "", .low = 0, .high = 8, .bins = 8, .outside = CLADE_REFUSE, .source = CLADE_FROM_OPERATIONS },
	{ .name = "digits", .unit = "", .text = "", .low = 0, .high = 10, .bins = 2, .outside = CLADE_CLAMP, .source = CLADE_FROM_METRIC },
	{ .name = NULL },
};
static const struct clade_metric timed_metrics[] = {
	{ .name = "speed", .unit = "x", .text = "", .direction = CLADE_MAXIMISE, .depends = CLADE_CODE, .bound = INFINITY },
	{ .name = NULL },
};
static const struct clade_feature timed_features[] = {
	{ .name = "code", .unit = "bytes", .text = "", .low = 0, .high = 1000, .bins = 2, .outside = CLADE_CLAMP, .source = CLADE_FROM_CODE_BYTES },
	{ .name = "class", .unit = "", .text = "", .low = 0, .high = 2, .bins = 2, .outside = CLADE_REFUSE, .source = CLADE_FROM_BEST_CLASS },
	{ .name = NULL },
};
static const struct clade_terminal terminals[] = {
	{ .text = "x", .type = "double", .meaning = "", .group = 1 },
	{ .text = "y", .type = "double", .meaning = "", .group = 4 },
	{ .text = NULL },
};
static const char *const functions[] = { "double f(double x, double y);", NULL };
static const char *const classes[] = { "small", "large", NULL };

cJSON *searches_declarations(bool timed)
{
	struct clade_evaluator v = {
		.abi = CLADE_EVALUATOR_ABI, .name = "toy", .summary = "", .kind = CLADE_KIND_NUMERIC, .functions = functions,
		.terminals = terminals, .metrics = timed ? timed_metrics : plain_metrics, .fitness = timed ? "speed" : "digits",
		.features = timed ? timed_features : plain_features, .timed = timed, .classes = timed ? classes : NULL,
	};

	return manifest_to_json(&v);
}

static void make_archive(struct searches *t)
{
	struct search *s = &t->search;
	struct archive_birth b = {
		.problem = "toy", .problem_dir = "/problem", .settings = "", .manifest = "{}", .machine = "{}", .source_path = "seed.c",
		.maximise = true, .seed = 5,
	};
	struct err e = { 0 };

	hash_secret_derive(&b.secret, 5);
	placing_grid(&b.grid, s->manifest);
	t->path = text_format("%s/toy.clade", t->folder);
	if (archive_create(&s->archive, t->path, &b, &e) < 0)
		fail_msg("%s", e.text);
	s->path = t->path;
	s->grid = *archive_grid(s->archive);
	s->secret = *archive_secret(s->archive);
}

struct searches *searches_new(bool timed)
{
	struct searches *t = memory_alloc(sizeof *t);
	struct search *s = &t->search;
	cJSON *declarations = searches_declarations(timed);

	snprintf(t->folder, sizeof t->folder, "/tmp/test_search.XXXXXX");
	assert_non_null(mkdtemp(t->folder));
	assert_int_equal(uv_loop_init(&t->loop), 0);
	assert_int_equal(manifest_from_json(&s->manifest, declarations, NULL), 0);
	cJSON_Delete(declarations);
	campaign_init(&t->campaign);
	t->campaign.problem_dir = text_copy(t->folder);
	s->loop = &t->loop;
	s->campaign = &t->campaign;
	s->progress = progress_new(stderr, true);
	s->elites = elites_new();
	s->seed_text = text_copy(SEARCHES_SEED);
	s->seed_bytes = strlen(SEARCHES_SEED);
	assert_int_equal(region_find(&s->region, s->seed_text, s->seed_bytes, NULL, NULL), 0);
	s->best = s->best_low = s->best_high = s->seed_fitness = NAN;
	s->session_began_ns = clock_now_ns();
	s->seed = 5;
	s->phase = SEARCH_OPEN;
	make_archive(t);
	proposer_domain(s);
	assert_int_equal(pool_open(&s->pool, &(struct pool_options){ .loop = &t->loop, .launcher = "", .worker_command = "" }, NULL), 0);
	return t;
}

struct candidate *searches_candidate(struct searches *t, int64_t proposal, const char *lines)
{
	bool whole = strncmp(lines, "static", 6) == 0;
	struct mutator_proposal made = { .source = whole ? text_copy(lines) : text_format("%s%s%s", SEARCHES_HEAD, lines, SEARCHES_TAIL) };

	made.source_bytes = strlen(made.source);
	snprintf(made.operation, sizeof made.operation, "by hand");
	return candidate_new(&t->search, proposal == 0 ? CANDIDATE_SEED : CANDIDATE_CHILD, proposal, &made, "hand");
}

void searches_score(struct candidate *c, double fitness)
{
	enum verdict verdict;
	char reason[256];
	int64_t of;

	for (int i = 0; i < c->search->manifest->metric_count; i++)
		c->metrics[i] = i == 0 ? fitness : 100;
	c->low = c->high = fitness;
	free(c->image);
	c->image = memory_copy(c->made.source, c->made.source_bytes);
	c->image_bytes = c->made.source_bytes;
	assert_int_equal(screen_token(&of, c, NULL), 0);
	assert_int_equal(screen_object(&of, c, NULL), 0);
	assert_int_equal(placing_cell(&verdict, reason, c, NULL), 0);
}

int64_t searches_elite(struct searches *t, int64_t proposal, const char *lines, double fitness)
{
	struct candidate *c = searches_candidate(t, proposal, lines);
	struct err e = { 0 };
	int64_t id;

	searches_score(c, fitness);
	candidate_cost(c, "compile", 2000, 1000);
	if (settle_verdict(c, VERDICT_OK, NULL, true, &e) < 0)
		fail_msg("%s", e.text);
	id = elites_find(t->search.elites, c->cell)->id;
	candidate_free(c);
	return id;
}

static void on_pool_closed(void *context)
{
	((struct searches *)context)->pool_closed = true;
}

void searches_free(struct searches *t)
{
	struct search *s = &t->search;
	char *command = text_format("rm -rf '%s'", t->folder);

	while (s->in_flight != NULL)
		candidate_abandon(s->in_flight);
	if (s->pool != NULL)
		pool_close(s->pool, on_pool_closed, t);
	while (s->pool != NULL && !t->pool_closed)
		uv_run(&t->loop, UV_RUN_ONCE);
	hook_close(s);
	proposer_close(s);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	elites_free(s->elites);
	archive_close(s->archive);
	manifest_free(s->manifest);
	progress_free(s->progress);
	campaign_release(&t->campaign);
	free(s->seed_text);
	free(s->seed_image);
	free(t->path);
	assert_int_equal(system(command), 0);
	free(command);
	free(t);
}
