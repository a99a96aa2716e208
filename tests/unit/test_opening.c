#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/text.h"
#include "evaluators/machine.h"
#include "orchestrator/briefing.h"
#include "orchestrator/opening.h"
#include "orchestrator/settle.h"
#include "tests/support/searches.h"

/* A search whose archive and map are to be made by the file under test, a seed's file, and what a worker told. */
struct fixture { struct searches *t; struct briefing briefing; struct opening opening; };

static void forget(struct searches *t)
{
	struct search *s = &t->search;

	archive_close(s->archive);
	elites_free(s->elites);
	free(s->seed_text);
	free(s->seed_image);
	s->archive = NULL;
	s->elites = NULL;
	s->seed_text = NULL;
	s->seed_image = NULL;
	s->seed_id = s->best_id = s->evaluations = s->duplicates = s->next_proposal = 0;
	s->best = s->seed_fitness = NAN;
	s->seed = 0;
	memset(s->verdicts, 0, sizeof s->verdicts);
	memset(&s->secret, 0, sizeof s->secret);
}

static void write_seed(struct searches *t, const char *text)
{
	free(t->campaign.file);
	t->campaign.file = text_format("%s/seed.c", t->folder);
	assert_int_equal(fdio_write_file(t->campaign.file, text, strlen(text), NULL), 0);
}

static int set_up_for(void **state, bool timed)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->t = searches_new(timed);
	forget(f->t);
	free(f->t->path);
	f->t->path = text_format("%s/made.clade", f->t->folder);
	f->t->search.path = f->t->path;
	f->t->search.seed = 77;
	f->briefing.machine = machine_fingerprint("gcc 12");
	f->briefing.declarations = searches_declarations(timed);
	write_seed(f->t, SEARCHES_SEED);
	*state = f;
	return 0;
}

static int set_up(void **state)
{
	return set_up_for(state, false);
}

static int set_up_timed(void **state)
{
	return set_up_for(state, true);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	opening_release(&f->opening);
	briefing_release(&f->briefing);
	searches_free(f->t);
	free(f);
	return 0;
}

static void create(struct fixture *f)
{
	struct err e = { 0 };

	if (opening_create(&f->opening, &f->t->search, &f->briefing, &e) < 0)
		fail_msg("%s", e.text);
}

static int resume(struct fixture *f, struct err *e)
{
	forget(f->t);
	opening_release(&f->opening);
	return opening_resume(&f->opening, &f->t->search, &f->briefing, e);
}

static void resume_well(struct fixture *f)
{
	struct err e = { 0 };

	if (resume(f, &e) < 0)
		fail_msg("%s", e.text);
}

static void a_new_campaign_holds_its_birth_and_an_empty_map(void **state)
{
	struct fixture *f = *state;
	struct search *s = &f->t->search;
	char *seed = NULL;

	create(f);
	assert_string_equal(s->seed_text, SEARCHES_SEED);
	assert_int_equal(elites_count(s->elites), 0);
	assert_int_equal(s->grid.axis_count, 2);
	assert_int_equal(s->next_proposal, 0);
	assert_int_equal(archive_meta(&seed, s->archive, "seed", NULL), 0);
	assert_string_equal(seed, "77");
	assert_false(f->opening.other_machine);
	free(seed);
}

static void a_given_seed_repeats_the_secrets_and_a_drawn_one_does_not(void **state)
{
	struct fixture *f = *state;
	struct hash_secret first;
	uint8_t key[32];

	for (int given = 1; given >= 0; given--) {
		f->t->campaign.seed_given = given;
		create(f);
		first = f->t->search.secret;
		memcpy(key, f->opening.input_key, sizeof key);
		forget(f->t);
		free(f->t->path);
		f->t->search.path = f->t->path = text_format("%s/again%d.clade", f->t->folder, given);
		f->t->search.seed = 77;
		create(f);
		assert_int_equal(memcmp(&first, &f->t->search.secret, sizeof first) == 0, given);
		assert_int_equal(memcmp(key, f->opening.input_key, sizeof key) == 0, given);
		forget(f->t);
		free(f->t->path);
		f->t->search.path = f->t->path = text_format("%s/more%d.clade", f->t->folder, given);
		f->t->search.seed = 77;
	}
}

static void a_seed_without_markers_makes_no_file(void **state)
{
	struct fixture *f = *state;
	struct err e = { 0 };

	write_seed(f->t, "int x;\n");
	assert_int_equal(opening_create(&f->opening, &f->t->search, &f->briefing, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "seed.c"));
	assert_false(fdio_exists(f->t->path));
}

static void a_file_that_exists_is_not_overwritten(void **state)
{
	struct fixture *f = *state;

	create(f);
	forget(f->t);
	assert_int_equal(opening_create(&f->opening, &f->t->search, &f->briefing, NULL), ERR_BUSY);
}

static void a_resume_takes_up_all_that_was_committed(void **state)
{
	struct fixture *f = *state;
	struct search *s = &f->t->search;
	struct candidate *c;
	uint8_t key[32];
	int64_t seed, best;

	create(f);
	memcpy(key, f->opening.input_key, sizeof key);
	seed = searches_elite(f->t, 0, "\treturn x + y;\n", 2);
	best = searches_elite(f->t, 7, "\treturn x * y * y;\n", 6);
	c = searches_candidate(f->t, 8, "\treturn x;\n");
	assert_int_equal(settle_duplicate(c, "token", seed, NULL), 0);
	candidate_free(c);
	assert_int_equal(archive_queue_add(&(int64_t){ 0 }, s->archive, 9, "{\"source\":\"x\"}", NULL), 0);
	/* The user's file may change meanwhile: the seed is what was committed. */
	write_seed(f->t, SEARCHES_HEAD "\treturn 7;\n" SEARCHES_TAIL);
	resume_well(f);
	assert_string_equal(s->seed_text, SEARCHES_SEED);
	assert_int_equal(s->seed, 77);
	assert_int_equal(s->seed_id, seed);
	assert_true(s->seed_fitness == 2 && s->best == 6);
	assert_int_equal(s->best_id, best);
	assert_int_equal(strlen(s->best_name), 32);
	assert_int_equal(s->evaluations, 2);
	assert_int_equal(s->duplicates, 1);
	assert_int_equal(s->verdicts[VERDICT_OK], 2);
	assert_int_equal(elites_count(s->elites), 2);
	assert_int_equal(s->next_proposal, 10);
	assert_int_equal(f->opening.queued_count, 1);
	assert_int_equal(f->opening.queued[0].proposal, 9);
	assert_memory_equal(f->opening.input_key, key, sizeof key);
	assert_false(f->opening.other_machine);
	assert_null(s->seed_image);
}

static void a_timed_resume_has_the_frozen_seeds_image(void **state)
{
	struct fixture *f = *state;
	struct search *s = &f->t->search;
	struct candidate *c;

	create(f);
	c = searches_candidate(f->t, 0, SEARCHES_SEED);
	c->class_count = 1;
	searches_score(c, 1);
	assert_int_equal(settle_verdict(c, VERDICT_OK, NULL, true, NULL), 0);
	candidate_free(c);
	resume_well(f);
	assert_int_equal(s->seed_image_bytes, strlen(SEARCHES_SEED));
	assert_memory_equal(s->seed_image, SEARCHES_SEED, s->seed_image_bytes);
}

static void a_campaign_killed_before_its_seed_begins_with_the_seed(void **state)
{
	struct fixture *f = *state;

	create(f);
	resume_well(f);
	assert_int_equal(f->t->search.seed_id, 0);
	assert_string_equal(f->t->search.seed_text, SEARCHES_SEED);
	assert_int_equal(f->t->search.best_id, 0);
	assert_true(isnan(f->t->search.best));
}

static void a_campaign_whose_seed_was_refused_is_not_taken_up(void **state)
{
	struct fixture *f = *state;
	struct candidate *c;
	struct err e = { 0 };

	create(f);
	c = searches_candidate(f->t, 0, SEARCHES_SEED);
	searches_score(c, 1);
	assert_int_equal(settle_verdict(c, VERDICT_CRASH, "signal 11", false, NULL), 0);
	candidate_free(c);
	assert_int_equal(resume(f, &e), ERR_ARGS);
	assert_non_null(strstr(e.text, "crash: signal 11"));
}

static void a_changed_file_of_the_evaluator_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err e = { 0 };
	char *data = text_format("%s/data.tsv", f->t->folder);

	assert_int_equal(fdio_write_file(data, "1", 1, NULL), 0);
	create(f);
	searches_elite(f->t, 0, SEARCHES_SEED, 2);
	assert_int_equal(fdio_write_file(data, "2", 1, NULL), 0);
	assert_int_equal(resume(f, &e), ERR_ARGS);
	assert_non_null(strstr(e.text, "put them back"));
	unlink(data);
	free(data);
}

static void a_changed_evaluator_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err e = { 0 };

	create(f);
	searches_elite(f->t, 0, SEARCHES_SEED, 2);
	cJSON_Delete(f->briefing.declarations);
	f->briefing.declarations = searches_declarations(true);
	assert_int_equal(resume(f, &e), ERR_ARGS);
	assert_non_null(strstr(e.text, "declares other"));
}

static void another_machine_is_noticed_until_all_was_measured_on_it(void **state)
{
	struct fixture *f = *state;

	create(f);
	searches_elite(f->t, 0, SEARCHES_SEED, 2);
	resume_well(f);
	assert_false(f->opening.other_machine);
	cJSON_Delete(f->briefing.machine);
	f->briefing.machine = machine_fingerprint("gcc 13");
	resume_well(f);
	assert_true(f->opening.other_machine);
	/* Stopped in the middle of its elites: the rest is still due, on this machine and on the old one. */
	resume_well(f);
	assert_true(f->opening.other_machine);
	cJSON_Delete(f->briefing.machine);
	f->briefing.machine = machine_fingerprint("gcc 12");
	resume_well(f);
	assert_true(f->opening.other_machine);
	assert_int_equal(opening_retested(&f->t->search, NULL), 0);
	resume_well(f);
	assert_false(f->opening.other_machine);
}

static void a_second_process_is_told_who_holds_the_campaign(void **state)
{
	struct fixture *f = *state;
	struct archive *held = NULL;
	struct err e = { 0 };

	create(f);
	forget(f->t);
	assert_int_equal(archive_open(&held, f->t->path, ARCHIVE_WRITE, NULL), 0);
	assert_int_equal(resume(f, &e), ERR_BUSY);
	archive_close(held);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_campaign_holds_its_birth_and_an_empty_map),
		TEST(a_given_seed_repeats_the_secrets_and_a_drawn_one_does_not),
		TEST(a_seed_without_markers_makes_no_file),
		TEST(a_file_that_exists_is_not_overwritten),
		TEST(a_resume_takes_up_all_that_was_committed),
		cmocka_unit_test_setup_teardown(a_timed_resume_has_the_frozen_seeds_image, set_up_timed, tear_down),
		TEST(a_campaign_killed_before_its_seed_begins_with_the_seed),
		TEST(a_campaign_whose_seed_was_refused_is_not_taken_up),
		TEST(a_changed_file_of_the_evaluator_is_refused),
		TEST(a_changed_evaluator_is_refused),
		TEST(another_machine_is_noticed_until_all_was_measured_on_it),
		TEST(a_second_process_is_told_who_holds_the_campaign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
