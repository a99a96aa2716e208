#include "orchestrator/confirmation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "evaluators/machine.h"
#include "orchestrator/parcel.h"

/* The campaign's key of inputs, kept in hex. */
static int stored_key(uint8_t key[32], struct viewer *v, struct err *e)
{
	char *hex = NULL;
	int rc = archive_meta(&hex, v->archive, "input_key", e);

	if (rc >= 0 && (!hex || strlen(hex) != 64))
		rc = err_set(e, ERR_FORMAT, "%s holds no key of its inputs", v->path);
	for (int i = 0; rc >= 0 && i < 32; i++) {
		char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };

		key[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	free(hex);
	return rc < 0 ? rc : 0;
}

/*
 * Behaviour inputs derive from the campaign's key, the holdout's apart from the others. Timed inputs
 * come from the machine's generator; for what a timed problem checks before, a key that no search
 * had.
 */
static int choose_key(uint8_t key[32], struct viewer *v, struct err *e)
{
	struct random r;
	int rc;

	if (!v->manifest->timed)
		return stored_key(key, v, e);
	rc = random_fresh(&r, e);
	if (rc == 0)
		random_bytes(&r, key, 32);
	return rc;
}

static void compare_machine(struct confirmation *c, struct viewer *v, const struct trial *t)
{
	char *stored = NULL;
	cJSON *old = NULL;

	c->machine = cJSON_Duplicate(t->machine, 1);
	c->compiler = text_copy(json_text_or(t->machine, "compiler", ""));
	if (archive_meta(&stored, v->archive, "machine", NULL) >= 0 && stored &&
		json_parse(&old, stored, strlen(stored), NULL) == 0)
		c->other_machine = !machine_same(old, t->machine);
	cJSON_Delete(old);
	free(stored);
}

/* Does the outcome beat the seed? Fills why when not. */
static bool beats(char why[512], const struct trial *t, const struct trial_outcome *o, double seed)
{
	const struct clade_metric *m = &t->manifest->metrics[t->manifest->fitness_index];
	double value = trial_fitness(t, o);

	if (o->verdict != VERDICT_OK)
		snprintf(why, 512, "on the holdout its verdict is %s%s%s",
			verdict_rows[o->verdict].name, o->reason ? ": " : "",
			o->reason ? o->reason : "");
	else if (t->manifest->timed && !(o->low > seed))
		snprintf(why, 512,
			"on fresh inputs and layouts it is %.4g [%.4g, %.4g] times the seed's speed: the interval does not lie above 1",
			value, o->low, o->high);
	else if (!t->manifest->timed && !manifest_better(t->manifest, value, seed))
		snprintf(why, 512, "on the holdout its %s is %.6g %s, the seed's %.6g", m->name,
			value, m->unit, seed);
	else
		return true;
	return false;
}

static int measure_seed(double *seed, struct trial *t, const struct job_program *p, struct err *e)
{
	struct trial_outcome o = { .reason = NULL };
	int rc;

	*seed = 1;
	if (t->manifest->timed)
		return 0;
	rc = trial_run(&o, t, p, p, NULL, CLADE_HOLDOUT, e);
	if (rc < 0)
		return rc;
	if (o.verdict != VERDICT_OK)
		rc = err_set(e, ERR_CHILD, "the seed fails on the holdout: %s%s%s",
			verdict_rows[o.verdict].name, o.reason ? ": " : "",
			o.reason ? o.reason : "");
	*seed = trial_fitness(t, &o);
	trial_outcome_release(&o);
	return rc;
}

static int confirm(struct confirmation *c, struct trial *t, const struct job_program *winner,
	const struct job_program *seed, struct err *e)
{
	struct trial_outcome o = { .reason = NULL };
	struct job_program bare = { .source = winner->source,
		.source_bytes = winner->source_bytes };
	char ignored[512];
	int rc = measure_seed(&c->seed, t, seed, e);

	if (rc == 0)
		rc = trial_run(&o, t, winner, seed, NULL, CLADE_HOLDOUT, e);
	if (rc < 0)
		return rc;
	c->verdict = o.verdict;
	c->value = o.verdict == VERDICT_OK ? trial_fitness(t, &o) : NAN;
	c->low = o.low;
	c->high = o.high;
	c->confirmed = beats(c->reason, t, &o, c->seed);
	trial_outcome_release(&o);
	if (!c->confirmed || !winner->flags[0])
		return 0;
	rc = trial_run(&o, t, &bare, seed, NULL, CLADE_HOLDOUT, e);
	if (rc < 0)
		return rc;
	c->flags_alone = !beats(ignored, t, &o, c->seed);
	trial_outcome_release(&o);
	return 0;
}

int confirmation_run(struct confirmation *out, struct viewer *v,
	const struct archive_program *winner, const struct archive_program *seed, struct err *e)
{
	struct confirmation c = { .value = NAN, .low = NAN, .high = NAN, .seed = NAN };
	struct job_program w = { .source = winner->source, .source_bytes = winner->source_bytes };
	struct job_program s = { .source = seed->source, .source_bytes = seed->source_bytes };
	char *flags[JOB_FLAGS_MAX + 1] = { NULL };
	struct trial t = { .campaign = NULL };
	uint8_t key[32];
	int rc = choose_key(key, v, e);

	if (rc == 0)
		rc = trial_open(&t, &v->settings, key, e);
	if (rc < 0)
		return rc;
	if (winner->flags)
		parcel_flags_read(flags, JOB_FLAGS_MAX, winner->flags);
	for (int i = 0; flags[i]; i++)
		w.flags[i] = flags[i];
	compare_machine(&c, v, &t);
	rc = confirm(&c, &t, &w, &s, e);
	for (int i = 0; flags[i]; i++)
		free(flags[i]);
	trial_close(&t);
	if (rc < 0)
		confirmation_release(&c);
	else
		*out = c;
	return rc;
}

void confirmation_release(struct confirmation *c)
{
	free(c->compiler);
	cJSON_Delete(c->machine);
	c->compiler = NULL;
	c->machine = NULL;
}

cJSON *confirmation_json(const struct confirmation *c, const struct clade_metric *fitness)
{
	cJSON *o = cJSON_CreateObject();
	char at[32];

	clock_text(at, clock_calendar_s());
	json_put_bool(o, "confirmed", c->confirmed && !c->flags_alone);
	json_put_bool(o, "flags_alone", c->flags_alone);
	json_put_text(o, "metric", fitness->name);
	json_put_double(o, "value", c->value);
	json_put_double(o, "low", c->low);
	json_put_double(o, "high", c->high);
	json_put_double(o, "seed", c->seed);
	json_put_text(o, "verdict", verdict_rows[c->verdict].name);
	json_put_text(o, "reason", c->reason[0] ? c->reason : NULL);
	json_put_bool(o, "other_machine", c->other_machine);
	json_put_text(o, "at", at);
	return o;
}
