/*
 * Candidates on their way through a pool whose workers are this binary, started as `test_candidate fake`. What becomes of a program stands in its text
 * after "do:": the fake compiler makes that word the image, and the fake box does what the image says.
 */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "orchestrator/parcel.h"
#include "tests/support/searches.h"

#define SECOND_NS 1000000000LL
#define GUARD_MS 20000
#define ADD "\treturn x + y; /* do:digits=4 */\n"

/* ---- the worker ---- */

static void compile(struct buffer *out, int64_t id, const struct frame *f)
{
	struct job_compile job;
	struct job_compile_result r = { .verdict = VERDICT_OK };
	const char *word;

	if (job_compile_decode(&job, f, NULL) < 0 || (word = memmem(job.program.source, job.program.source_bytes, "do:", 3)) == NULL)
		_exit(4);
	word += 3;
	r.image = (struct frame_blob){ word, strcspn(word, " \n") };
	r.code_bytes = (int64_t)r.image.size;
	if (strncmp(word, "refuse", 6) == 0) {
		r.verdict = VERDICT_COMPILE_ERROR;
		r.reason = "line 4: no";
		r.image.size = 0;
	}
	r.costs[r.cost_count++] = (struct job_cost){ .stage = "compile", .wall_ns = 100, .cpu_ns = 50 };
	if (job_compile_result_encode(out, id, &r, NULL) < 0)
		_exit(5);
}

static void evaluate(struct buffer *out, int64_t id, const struct frame *f)
{
	struct job_evaluate job;
	struct job_evaluate_result r = { .verdict = VERDICT_OK };
	char word[64] = "";

	if (job_evaluate_decode(&job, f, NULL) < 0)
		_exit(4);
	memcpy(word, job.image.bytes, job.image.size < 63 ? job.image.size : 63);
	if (text_has_prefix(word, "kill"))
		raise(SIGKILL);
	if (text_has_prefix(word, "error")) {
		job_error_encode(out, id, "no memory for a box", NULL);
		return;
	}
	for (int i = 0; i < CLADE_METRICS_MAX; i++)
		r.metrics[i] = NAN;
	if (sscanf(word, "digits=%lf", &r.metrics[0]) != 1) {
		r.verdict = text_has_prefix(word, "nan") ? VERDICT_OK : VERDICT_CRASH;
		r.reason = "signal 8";
	}
	r.metrics[1] = 7;
	r.costs[r.cost_count++] = (struct job_cost){ .stage = "full_check", .wall_ns = 10, .cpu_ns = 10 };
	if (job_evaluate_result_encode(out, id, &r, NULL) < 0)
		_exit(5);
}

/* Every constant fits best at its double. */
static void tune(struct buffer *out, int64_t id, const struct frame *f)
{
	struct job_tune job;
	struct job_tune_result r = { .verdict = VERDICT_OK };

	if (job_tune_decode(&job, f, NULL) < 0)
		_exit(4);
	r.constant_count = job.constant_count;
	for (int i = 0; i < job.constant_count; i++)
		r.constants[i] = 2 * job.constants[i];
	if (job_tune_result_encode(out, id, &r, NULL) < 0)
		_exit(5);
}

static int fake(void)
{
	cJSON *head = cJSON_CreateObject();
	struct frame f = { 0 };
	struct buffer in, out;

	json_put_text(head, "type", "ready");
	json_put_i64(head, "version", FRAME_VERSION);
	frame_write(STDOUT_FILENO, head, NULL, 0, NULL);
	buffer_init(&in, FRAME_BYTES_MAX);
	buffer_init(&out, FRAME_BYTES_MAX);
	while (frame_read(&f, STDIN_FILENO, &in, NULL) == 1) {
		const char *type = json_text_or(f.head, "type", ""), *kind = json_text_or(f.head, "kind", "");
		int64_t id = json_i64_or(f.head, "id", -1);

		buffer_clear(&out);
		if (text_equal(type, "bye")) {
			json_put_text(head, "bye", "");
			cJSON_ReplaceItemInObject(head, "type", cJSON_CreateString("bye"));
			return frame_write(STDOUT_FILENO, head, NULL, 0, NULL) < 0;
		}
		if (text_equal(kind, "compile"))
			compile(&out, id, &f);
		else if (text_equal(kind, "evaluate"))
			evaluate(&out, id, &f);
		else if (text_equal(kind, "tune"))
			tune(&out, id, &f);
		if (out.size > 0 && write(STDOUT_FILENO, out.bytes, out.size) != (ssize_t)out.size)
			_exit(3);
		frame_release(&f);
	}
	return 3;
}

/* ---- the search under test ---- */

static struct job_configure order;

static void on_pool_closed(void *context)
{
	((struct searches *)context)->pool_closed = true;
}

static int set_up(void **state)
{
	struct searches *t = searches_new(false);
	char self[4096] = "";
	char *command;
	struct pool_options o = {
		.loop = &t->loop, .launcher = "{worker}", .silence_ns = 10 * SECOND_NS, .start_ns = 10 * SECOND_NS,
		.measure = &order, .measure_count = 1, .compile = &order, .compile_count = 1,
	};

	*state = t;
	pool_close(t->search.pool, on_pool_closed, t);
	while (!t->pool_closed)
		uv_run(&t->loop, UV_RUN_ONCE);
	t->pool_closed = false;
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return -1;
	command = text_format("%s fake", self);
	o.worker_command = command;
	assert_int_equal(pool_open(&t->search.pool, &o, NULL), 0);
	free(command);
	return 0;
}

static int tear_down(void **state)
{
	struct searches *t = *state;
	struct err e = { 0 };

	if (archive_verify(t->search.archive, &e) < 0)
		fail_msg("%s", e.text);
	searches_free(t);
	return 0;
}

static void on_late(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* Until every candidate has left, or the search failed. */
static void run(struct searches *t)
{
	uv_timer_t guard;
	bool late = false;

	uv_timer_init(&t->loop, &guard);
	guard.data = &late;
	uv_timer_start(&guard, on_late, GUARD_MS, 0);
	while (t->search.in_flight_count > 0 && !t->search.failed && !late)
		uv_run(&t->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&guard, NULL);
	uv_run(&t->loop, UV_RUN_NOWAIT);
	assert_false(late);
}

static void begin(struct searches *t, int64_t proposal, const char *lines)
{
	candidate_begin(searches_candidate(t, proposal, lines));
}

static void run_one(struct searches *t, int64_t proposal, const char *lines)
{
	begin(t, proposal, lines);
	run(t);
}

static int queued(struct searches *t)
{
	struct archive_queued *list;
	int count;

	assert_int_equal(archive_queue_list(&list, &count, t->search.archive, NULL), 0);
	archive_queue_free(list, count);
	return count;
}

static void a_candidate_goes_from_its_text_to_its_cell(void **state)
{
	struct searches *t = *state;
	struct search *s = &t->search;
	struct archive_program p = { 0 };

	begin(t, 0, ADD);
	assert_int_equal(s->in_flight_count, 1);
	assert_int_equal(queued(t), 0);
	run(t);
	assert_int_equal(elites_count(s->elites), 1);
	begin(t, 1, "\treturn x * y * x; /* do:digits=6 */\n");
	assert_int_equal(queued(t), 1);
	run(t);
	assert_int_equal(queued(t), 0);
	assert_int_equal(s->evaluations, 2);
	assert_int_equal(elites_count(s->elites), 2);
	assert_true(s->best == 6);
	assert_int_equal(archive_program(&p, s->archive, s->best_id, false, NULL), 1);
	assert_non_null(strstr(p.metrics, "\"cost\":7"));
	assert_int_equal(p.code_bytes, strlen("digits=6"));
	assert_true(p.cpu_ns >= 60);
	archive_program_release(&p);
}

static void an_elite_gives_way_only_to_what_is_strictly_better(void **state)
{
	struct searches *t = *state;
	int64_t first;

	run_one(t, 0, ADD);
	first = elites_at(t->search.elites, 0)->id;
	run_one(t, 1, "\treturn x - y; /* do:digits=4.0 */\n");
	assert_int_equal(elites_at(t->search.elites, 0)->id, first);
	run_one(t, 2, "\treturn y - x; /* do:digits=4.5 */\n");
	assert_int_not_equal(elites_at(t->search.elites, 0)->id, first);
	assert_int_equal(elites_count(t->search.elites), 1);
	assert_int_equal(t->search.verdicts[VERDICT_OK], 3);
}

static void a_text_that_was_seen_costs_no_job(void **state)
{
	struct searches *t = *state;
	int64_t jobs;

	run_one(t, 0, ADD);
	begin(t, 1, "\treturn x*x; /* do:digits=1 */\n");
	jobs = t->search.next_job;
	begin(t, 2, "\treturn x * x; /* do:digits=1 */\n");
	begin(t, 3, "\treturn x + y; /* do:digits=1 */\n");
	assert_int_equal(t->search.next_job, jobs);
	assert_int_equal(t->search.in_flight_count, 1);
	assert_int_equal(t->search.duplicates, 2);
	run(t);
}

static void a_refused_text_is_committed_at_once(void **state)
{
	struct searches *t = *state;

	run_one(t, 0, ADD);
	begin(t, 1, "\tfor (;;) x = y; /* do:digits=1 */\n");
	begin(t, 2, "static int other; /* do:digits=1 */\n");
	assert_int_equal(t->search.in_flight_count, 0);
	assert_int_equal(t->search.verdicts[VERDICT_FORBIDDEN], 1);
	assert_int_equal(t->search.verdicts[VERDICT_INVALID_EDIT], 1);
}

static void an_object_that_was_seen_is_a_duplicate_in_its_own_cell(void **state)
{
	struct searches *t = *state;

	run_one(t, 0, ADD);
	run_one(t, 1, "\treturn y + x; /* do:digits=4 */\n");
	assert_int_equal(t->search.verdicts[VERDICT_DUPLICATE], 1);
	assert_int_equal(t->search.duplicates, 1);
	assert_int_equal(t->search.evaluations, 1);
}

static void an_object_that_was_seen_brings_its_scores_to_another_cell(void **state)
{
	struct searches *t = *state;
	struct archive_program p = { 0 };
	const struct elite *el;

	run_one(t, 0, ADD);
	run_one(t, 1, "\treturn x + y - y + y; /* do:digits=4 */\n");
	assert_int_equal(elites_count(t->search.elites), 2);
	el = elites_at(t->search.elites, 1);
	assert_true(el->fitness == 4);
	assert_int_equal(archive_program(&p, t->search.archive, el->id, false, NULL), 1);
	assert_non_null(strstr(p.metrics, "\"cost\":7"));
	archive_program_release(&p);
	/* It is no better there than the holder. */
	run_one(t, 2, "\treturn y + x - x + y; /* do:digits=4 */\n");
	assert_int_equal(t->search.duplicates, 1);
}

static void what_does_not_compile_or_crashes_is_a_verdict_with_its_reason(void **state)
{
	struct searches *t = *state;
	struct archive_program *list;
	int count;

	run_one(t, 0, ADD);
	run_one(t, 1, "\treturn x; /* do:refuse */\n");
	run_one(t, 2, "\treturn y; /* do:crash */\n");
	assert_int_equal(archive_list(&list, &count, t->search.archive, &(struct archive_filter){ 0 }, NULL), 0);
	assert_int_equal(count, 3);
	assert_string_equal(list[0].verdict, "crash");
	assert_string_equal(list[0].reason, "signal 8");
	assert_string_equal(list[1].verdict, "compile_error");
	assert_string_equal(list[1].reason, "line 4: no");
	archive_programs_free(list, count);
	assert_int_equal(elites_count(t->search.elites), 1);
}

static void a_score_that_is_no_number_is_wrong(void **state)
{
	struct searches *t = *state;

	run_one(t, 0, ADD);
	t->search.manifest->features[1].source = CLADE_FROM_CODE_BYTES;      /* so that no axis refuses it first */
	run_one(t, 1, "\treturn x * y - y; /* do:nan */\n");
	assert_int_equal(t->search.verdicts[VERDICT_WRONG], 1);
	assert_int_equal(elites_count(t->search.elites), 1);
	assert_false(t->search.failed);
}

static void what_kills_two_workers_is_quarantined_and_the_search_goes_on(void **state)
{
	struct searches *t = *state;

	run_one(t, 0, ADD);
	run_one(t, 1, "\treturn x / y; /* do:kill */\n");
	assert_int_equal(t->search.verdicts[VERDICT_QUARANTINED], 1);
	assert_int_equal(queued(t), 0);
	assert_false(t->search.failed);
	run_one(t, 2, "\treturn x * y; /* do:digits=4.5 */\n");
	assert_true(t->search.best == 4.5);
}

static void a_worker_lost_before_a_stop_counts_after_it(void **state)
{
	struct searches *t = *state;
	struct archive_queued *list;
	struct candidate *c = NULL;
	int count;

	run_one(t, 0, ADD);
	begin(t, 1, "\treturn x / y; /* do:kill */\n");
	while (t->search.in_flight->tries == 0)
		uv_run(&t->loop, UV_RUN_ONCE);
	candidate_abandon(t->search.in_flight);
	pool_close(t->search.pool, on_pool_closed, t);
	while (!t->pool_closed)
		uv_run(&t->loop, UV_RUN_ONCE);
	t->search.pool = NULL;
	assert_int_equal(archive_queue_list(&list, &count, t->search.archive, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].tries, 1);
	assert_int_equal(parcel_read(&c, &t->search, list[0].id, list[0].proposal, list[0].tries, list[0].payload, NULL), 0);
	assert_int_equal(c->tries, 1);
	candidate_free(c);
	archive_queue_free(list, count);
}

static void a_failure_of_ours_is_tried_once_more_and_then_stops_the_search(void **state)
{
	struct searches *t = *state;

	run_one(t, 0, ADD);
	run_one(t, 1, "\treturn x / y; /* do:error */\n");
	assert_true(t->search.failed);
	assert_non_null(strstr(t->search.failure, "no memory for a box"));
	assert_int_equal(t->search.phase, SEARCH_DRAINING);
	assert_int_equal(queued(t), 1);
	assert_int_equal(t->search.evaluations, 1);
}

static void draining_ends_a_candidate_between_stages_and_keeps_its_row(void **state)
{
	struct searches *t = *state;

	run_one(t, 0, ADD);
	begin(t, 1, "\treturn x * y * y; /* do:digits=2 */\n");
	t->search.phase = SEARCH_DRAINING;
	run(t);
	assert_int_equal(t->search.evaluations, 1);
	assert_int_equal(queued(t), 1);
	assert_false(t->search.failed);
	begin(t, 2, "\treturn y * y * y; /* do:digits=2 */\n");
	assert_int_equal(t->search.in_flight_count, 0);
	assert_int_equal(queued(t), 1);
}

static void a_seed_that_fails_is_refused_with_its_reason(void **state)
{
	struct searches *t = *state;

	run_one(t, 0, "\treturn x + y; /* do:crash */\n");
	assert_true(t->search.seed_refused);
	assert_non_null(strstr(t->search.failure, "crash: signal 8"));
}

static void fitted_constants_come_into_the_text_before_it_is_screened(void **state)
{
	struct searches *t = *state;
	struct candidate *c = searches_candidate(t, 1, "\treturn x + 0.75; /* do:digits=3 */\n");

	run_one(t, 0, "\treturn x + y; /* do:digits=2 */\n");
	c->made.tune = true;
	c->made.tunable = text_copy("extern double clade_constants[];\n" SEARCHES_HEAD "\treturn x + clade_constants[0]; /* do:digits=3 */\n" SEARCHES_TAIL);
	c->made.constants[0] = 0.75;
	c->made.constant_count = 1;
	candidate_begin(c);
	assert_int_equal(queued(t), 1);
	run(t);
	assert_int_equal(queued(t), 0);
	assert_non_null(strstr(elites_at(t->search.elites, 0)->source, "x + 1.5;"));
	assert_true(t->search.best == 3);
}

/* ---- elites measured again ---- */

static struct candidate *retest(struct searches *t, const char *lines)
{
	struct candidate *c = searches_candidate(t, 1, lines);

	c->kind = CANDIDATE_RETEST;
	c->retest_id = elites_at(t->search.elites, 0)->id;
	c->cell = elites_at(t->search.elites, 0)->cell;
	return c;
}

static void an_elite_keeps_its_cell_when_it_is_measured_again(void **state)
{
	struct searches *t = *state;
	int64_t cell;

	run_one(t, 0, ADD);
	cell = elites_at(t->search.elites, 0)->cell;
	candidate_begin(retest(t, "\treturn x + y; /* do:digits=9 */\n"));      /* of the other half of the axis */
	run(t);
	assert_int_equal(elites_count(t->search.elites), 1);
	assert_int_equal(elites_at(t->search.elites, 0)->cell, cell);
	assert_true(elites_at(t->search.elites, 0)->fitness == 9);
	assert_true(t->search.best == 9);
}

static void an_elite_that_is_refused_a_place_now_leaves_the_map(void **state)
{
	struct searches *t = *state;

	run_one(t, 0, ADD);
	t->search.grid.axes[1].refuse = true;
	candidate_begin(retest(t, "\treturn x + y; /* do:digits=12 */\n"));
	run(t);
	assert_false(t->search.failed);
	assert_int_equal(elites_count(t->search.elites), 0);
}

static void a_frozen_seed_that_cannot_be_built_stops_the_search(void **state)
{
	struct searches *t = *state;
	struct candidate *c;

	run_one(t, 0, ADD);
	c = retest(t, "\treturn x + y; /* do:digits=4 */\n");
	c->seed_image_only = true;
	candidate_begin(c);
	run(t);
	assert_int_equal(t->search.seed_image_bytes, strlen("digits=4"));
	c = retest(t, "\treturn x + y; /* do:refuse */\n");
	c->seed_image_only = true;
	candidate_begin(c);
	run(t);
	assert_true(t->search.failed);
	assert_non_null(strstr(t->search.failure, "compile_error: line 4: no"));
	assert_int_equal(elites_count(t->search.elites), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_candidate_goes_from_its_text_to_its_cell),
		TEST(an_elite_gives_way_only_to_what_is_strictly_better),
		TEST(a_text_that_was_seen_costs_no_job),
		TEST(a_refused_text_is_committed_at_once),
		TEST(an_object_that_was_seen_is_a_duplicate_in_its_own_cell),
		TEST(an_object_that_was_seen_brings_its_scores_to_another_cell),
		TEST(what_does_not_compile_or_crashes_is_a_verdict_with_its_reason),
		TEST(a_score_that_is_no_number_is_wrong),
		TEST(what_kills_two_workers_is_quarantined_and_the_search_goes_on),
		TEST(a_worker_lost_before_a_stop_counts_after_it),
		TEST(a_failure_of_ours_is_tried_once_more_and_then_stops_the_search),
		TEST(draining_ends_a_candidate_between_stages_and_keeps_its_row),
		TEST(a_seed_that_fails_is_refused_with_its_reason),
		TEST(fitted_constants_come_into_the_text_before_it_is_screened),
		TEST(an_elite_keeps_its_cell_when_it_is_measured_again),
		TEST(an_elite_that_is_refused_a_place_now_leaves_the_map),
		TEST(a_frozen_seed_that_cannot_be_built_stops_the_search),
	};

	if (argc == 2 && strcmp(argv[1], "fake") == 0)
		_exit(fake());
	signal(SIGPIPE, SIG_IGN);
	order = (struct job_configure){ .problem_dir = "/problem", .plugin = "/plugin.so", .compiler = "gcc", .cpu = -1, .second_cpu = -1 };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
