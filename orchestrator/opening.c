#include "orchestrator/opening.h"

#include <stdlib.h>
#include <string.h>

#include "archive/repo.h"
#include "base/err.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "evaluators/machine.h"
#include "orchestrator/briefing.h"
#include "orchestrator/fingerprint.h"
#include "orchestrator/placing.h"
#include "orchestrator/search.h"
#include "orchestrator/settle.h"

static int read_source(struct repo_source *out, const struct campaign *c, struct err *e)
{
	if (c->repo != NULL || c->commit != NULL)
		return repo_read(out, c->repo, c->commit, c->file, e);
	return repo_read_file(out, c->file, e);
}

static int take_seed(struct search *s, const char *text, size_t size, struct err *e)
{
	s->seed_text = text_copy_n(text, size);
	s->seed_bytes = size;
	int rc = region_find(&s->region, s->seed_text, s->seed_bytes, s->campaign->function, e);

	if (rc < 0)
		err_in(e, "%s", s->campaign->file != NULL ? s->campaign->file : "the seed");
	return rc;
}

/* Secrets of a campaign with a given seed derive from it, so that a run can be repeated; else they are the machine's own. */
static int make_secrets(struct archive_birth *b, const struct search *s, struct err *e)
{
	struct random r;
	int rc = 0;

	if (s->campaign->seed_given) {
		hash_secret_derive(&b->secret, s->seed);
		random_keyed(&r, s->seed, UINT64_MAX);
	} else {
		rc = hash_secret_make(&b->secret, e);
		if (rc == 0)
			rc = random_fresh(&r, e);
	}
	if (rc == 0)
		random_bytes(&r, b->input_key, sizeof b->input_key);
	return rc;
}

/* The evaluator's sources and data, as hex, under which the campaign's scores stand. */
static int evaluator_hex(char hex[HASH_HEX], const struct search *s, struct err *e)
{
	struct hash h;
	int rc = fingerprint_problem(&h, s->campaign->problem_dir, e);

	if (rc == 0)
		hash_hex(hex, &h);
	return rc;
}

static int note_evaluator(struct search *s, struct err *e)
{
	char hex[HASH_HEX];
	int rc = evaluator_hex(hex, s, e);

	return rc < 0 ? rc : archive_meta_set(s->archive, "evaluator", hex, e);
}

static int create_archive(struct search *s, const struct briefing *b, const struct repo_source *source, struct err *e)
{
	char *machine = json_text(b->machine), *declarations = json_text(b->declarations);
	struct archive_birth birth = {
		.problem = s->manifest->name, .problem_dir = s->campaign->problem_dir,
		.settings = s->campaign->text != NULL ? s->campaign->text : "",
		.manifest = declarations, .machine = machine,
		.source_repo = source->repo, .source_commit = source->commit, .source_path = source->path,
		.maximise = s->manifest->metrics[s->manifest->fitness_index].direction == CLADE_MAXIMISE,
		.seed = s->seed,
	};
	int rc = make_secrets(&birth, s, e);

	placing_grid(&birth.grid, s->manifest);
	if (rc == 0)
		rc = archive_create(&s->archive, s->path, &birth, e);
	if (rc == 0)
		rc = note_evaluator(s, e);
	free(machine);
	free(declarations);
	return rc;
}

/* The key for inputs, as stored in hex. */
static int read_input_key(uint8_t key[32], struct archive *a, struct err *e)
{
	char *hex = NULL;
	int rc = archive_meta(&hex, a, "input_key", e);

	if (rc >= 0 && (hex == NULL || strlen(hex) != 64))
		rc = err_set(e, ERR_FORMAT, "the campaign file holds no input key");
	for (int i = 0; rc >= 0 && i < 32; i++) {
		char two[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		key[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	free(hex);
	return rc < 0 ? rc : 0;
}

static int read_map(struct opening *o, struct search *s, struct err *e)
{
	int rc;

	s->grid = *archive_grid(s->archive);
	s->secret = *archive_secret(s->archive);
	s->elites = elites_new();
	rc = elites_load(s->elites, s->archive, e);
	if (rc >= 0)
		rc = archive_next_proposal(&s->next_proposal, s->archive, e);
	if (rc >= 0)
		rc = read_input_key(o->input_key, s->archive, e);
	return rc < 0 ? rc : 0;
}

int opening_create(struct opening *out, struct search *s, const struct briefing *b, struct err *e)
{
	struct repo_source source = { 0 };
	int rc;

	*out = (struct opening){ 0 };
	rc = read_source(&source, s->campaign, e);
	if (rc >= 0)
		rc = take_seed(s, source.text, source.size, e);
	if (rc >= 0)
		rc = create_archive(s, b, &source, e);
	if (rc >= 0)
		rc = read_map(out, s, e);
	repo_source_release(&source);
	return rc;
}

/* ---- taking up ---- */

static int compare_evaluator(struct search *s, struct err *e)
{
	char *stored = NULL;
	char hex[HASH_HEX];
	int rc = archive_meta(&stored, s->archive, "evaluator", e);

	if (rc >= 0)
		rc = evaluator_hex(hex, s, e);
	if (rc >= 0 && stored != NULL && !text_equal(stored, hex))
		rc = err_set(e, ERR_ARGS, "files of %s changed since this campaign began, so its scores would mix with the old ones: put them "
			"back, or start a new campaign with clade run", s->campaign->problem_dir);
	free(stored);
	return rc < 0 ? rc : 0;
}

/* Scores under other metrics, features or rules would mix with the old ones. */
static int compare_declarations(struct search *s, const struct briefing *b, struct err *e)
{
	char *stored = NULL, *now = json_text(b->declarations);
	int rc = archive_meta(&stored, s->archive, "manifest", e);

	if (rc >= 0 && !text_equal(stored, now))
		rc = err_set(e, ERR_ARGS, "the evaluator of %s declares other metrics, features or rules than when this campaign began; "
			"its scores would mix with the old ones: start a new campaign with clade run", s->manifest->name);
	free(stored);
	free(now);
	return rc < 0 ? rc : 0;
}

/* Noted before the fingerprint: a session that ends in between, or in the middle of the elites, leaves the rest to the next one. */
static int note_machine(struct search *s, const struct briefing *b, struct err *e)
{
	char *now = json_text(b->machine);
	int rc = archive_meta_set(s->archive, "retest", "due", e);

	if (rc >= 0)
		rc = archive_meta_set(s->archive, "machine", now, e);
	free(now);
	return rc;
}

int opening_retested(struct search *s, struct err *e)
{
	return archive_meta_set(s->archive, "retest", "done", e);
}

static int compare_machine(struct opening *o, struct search *s, const struct briefing *b, struct err *e)
{
	char *stored = NULL, *retest = NULL;
	cJSON *old = NULL;
	int rc = archive_meta(&retest, s->archive, "retest", e);

	o->other_machine = text_equal(retest, "due");
	if (rc >= 0)
		rc = archive_meta(&stored, s->archive, "machine", e);
	if (rc >= 0 && stored != NULL && json_parse(&old, stored, strlen(stored), NULL) == 0 && !machine_same(old, b->machine)) {
		o->other_machine = true;
		rc = note_machine(s, b, e);
	}
	if (rc >= 0 && o->other_machine)
		progress_line(s->progress, "this machine is not the one that the campaign was measured on; its elites are measured again first");
	cJSON_Delete(old);
	free(retest);
	free(stored);
	return rc < 0 ? rc : 0;
}

static int refuse_failed_seed(const struct archive_program *seed, struct err *e)
{
	if (text_equal(seed->verdict, verdict_rows[VERDICT_OK].name))
		return 0;
	return err_set(e, ERR_ARGS, "the seed of this campaign does not pass its own evaluator: %s%s%s; mend it and begin anew with clade run",
		seed->verdict, seed->reason != NULL ? ": " : "", seed->reason != NULL ? seed->reason : "");
}

/* The seed as the archive has it; a campaign killed before its seed was committed reads the user's file again. */
static int resume_seed(struct search *s, struct err *e)
{
	struct archive_program seed = { 0 };
	struct repo_source source = { 0 };
	int64_t id = 0;
	int rc = archive_resolve(&id, s->archive, "seed", e);

	if (rc == ERR_MISSING) {
		rc = read_source(&source, s->campaign, e);
		if (rc >= 0)
			rc = take_seed(s, source.text, source.size, e);
		repo_source_release(&source);
		return rc;
	}
	if (rc >= 0)
		rc = archive_program(&seed, s->archive, id, true, e);
	if (rc >= 0)
		rc = refuse_failed_seed(&seed, e);
	if (rc >= 0)
		rc = take_seed(s, seed.source, seed.source_bytes, e);
	if (rc >= 0 && s->manifest->timed)
		rc = archive_image(&s->seed_image, &s->seed_image_bytes, s->archive, id, e);
	s->seed_id = id;
	archive_program_release(&seed);
	return rc < 0 ? rc : 0;
}

static int resume_counts(struct search *s, struct err *e)
{
	struct archive_count *rows = NULL;
	int count = 0;
	int rc = archive_verdicts(&rows, &count, s->archive, e);

	for (int i = 0; i < count && rc >= 0; i++) {
		int v = verdict_find(rows[i].name);

		if (v >= 0)
			s->verdicts[v] = rows[i].count;
	}
	free(rows);
	return rc < 0 ? rc : 0;
}

static int stored_seed(struct search *s, struct err *e)
{
	char *text = NULL;
	int rc = archive_meta(&text, s->archive, "seed", e);

	if (rc >= 0 && text != NULL)
		s->seed = strtoull(text, NULL, 10);
	free(text);
	return rc < 0 ? rc : 0;
}

int opening_resume(struct opening *out, struct search *s, const struct briefing *b, struct err *e)
{
	struct archive_totals t;
	int rc;

	*out = (struct opening){ 0 };
	rc = archive_open(&s->archive, s->path, ARCHIVE_WRITE, e);
	if (rc >= 0)
		rc = archive_totals(&t, s->archive, e);
	if (rc < 0)
		return rc;
	s->evaluations = t.evaluations;
	s->duplicates = t.duplicates_token + t.duplicates_object;
	s->elapsed_before_ns = t.elapsed_ns;
	rc = compare_declarations(s, b, e);
	if (rc >= 0)
		rc = compare_evaluator(s, e);
	if (rc >= 0)
		rc = compare_machine(out, s, b, e);
	if (rc >= 0)
		rc = stored_seed(s, e);
	if (rc >= 0)
		rc = resume_seed(s, e);
	if (rc >= 0)
		rc = settle_take_best(s, e);
	if (rc >= 0)
		rc = resume_counts(s, e);
	if (rc >= 0)
		rc = archive_queue_list(&out->queued, &out->queued_count, s->archive, e);
	if (rc >= 0)
		rc = read_map(out, s, e);
	if (rc >= 0)          /* with what the command line changed, for the next session */
		rc = archive_meta_set(s->archive, "settings", s->campaign->text, e);
	return rc < 0 ? rc : 0;
}

void opening_release(struct opening *o)
{
	archive_queue_free(o->queued, o->queued_count);
	o->queued = NULL;
	o->queued_count = 0;
}
