#include "orchestrator/parcel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "orchestrator/candidate.h"

char *parcel_flags_text(char *const *flags)
{
	cJSON *list = cJSON_CreateArray();
	char *text;

	for (int i = 0; flags[i] != NULL; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(flags[i]));
	text = json_text(list);
	cJSON_Delete(list);
	return text;
}

int parcel_flags_read(char **flags, int max, const char *json)
{
	cJSON *list = NULL;
	const cJSON *row;
	int n = 0;

	flags[0] = NULL;
	if (json == NULL || json_parse(&list, json, strlen(json), NULL) < 0)
		return 0;
	cJSON_ArrayForEach(row, list)
		if (cJSON_IsString(row) && n < max)
			flags[n++] = text_copy(row->valuestring);
	flags[n] = NULL;
	cJSON_Delete(list);
	return n;
}

/* As texts: cJSON prints 15 digits of a number where the rest is below its own tolerance, and neither infinities nor -0.0. */
static void put_constant(cJSON *list, double value)
{
	char text[64];

	snprintf(text, sizeof text, "%a", value);
	cJSON_AddItemToArray(list, cJSON_CreateString(text));
}

static void put_id(cJSON *list, int64_t id)
{
	char text[32];

	snprintf(text, sizeof text, "%lld", (long long)id);
	cJSON_AddItemToArray(list, cJSON_CreateString(text));
}

char *parcel_write(const struct candidate *c)
{
	cJSON *o = cJSON_CreateObject();
	cJSON *parents = json_put_array(o, "parents");
	char *text;

	json_put_text(o, "source", c->made.source);
	json_put_text(o, "flags", c->flags_json);
	json_put_text(o, "mutator", c->mutator);
	json_put_text(o, "operation", c->made.operation);
	json_put_i64(o, "depth", c->depth);
	for (int i = 0; i < c->parent_count; i++)
		put_id(parents, c->parents[i]);
	if (c->made.tune) {
		cJSON *constants = json_put_array(o, "constants");

		json_put_text(o, "tunable", c->made.tunable);
		for (int i = 0; i < c->made.constant_count; i++)
			put_constant(constants, c->made.constants[i]);
	}
	text = json_text(o);
	cJSON_Delete(o);
	return text;
}

static void restore_lists(struct candidate *c, const cJSON *o)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(o, "parents"))
		if (cJSON_IsString(row) && c->parent_count < 4)
			c->parents[c->parent_count++] = strtoll(row->valuestring, NULL, 10);
	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(o, "constants"))
		if (cJSON_IsString(row) && c->made.constant_count < MUTATOR_CONSTANTS_MAX)
			c->made.constants[c->made.constant_count++] = strtod(row->valuestring, NULL);
	c->made.tune = c->made.tunable != NULL && c->made.constant_count > 0;
}

int parcel_read(struct candidate **out, struct search *s, int64_t queue_id, int64_t proposal, int tries, const char *payload, struct err *e)
{
	struct mutator_proposal made = { 0 };
	const char *source = NULL;
	cJSON *o = NULL;
	struct candidate *c;
	int rc = json_parse(&o, payload, strlen(payload), e);

	if (rc == 0)
		rc = json_text_at(&source, o, "source", e);
	if (rc < 0)
		goto out;
	made.source = text_copy(source);
	made.source_bytes = strlen(source);
	made.tunable = text_copy(json_text_or(o, "tunable", NULL));
	snprintf(made.operation, sizeof made.operation, "%s", json_text_or(o, "operation", ""));
	parcel_flags_read(made.flags, MUTATOR_FLAGS_MAX, json_text_or(o, "flags", "[]"));
	c = candidate_new(s, CANDIDATE_CHILD, proposal, &made, json_text_or(o, "mutator", "offline"));
	c->queue_id = queue_id;
	c->tries = tries;
	c->depth = (int)json_i64_or(o, "depth", 1);
	restore_lists(c, o);
	*out = c;
out:
	cJSON_Delete(o);
	if (rc < 0)
		err_in(e, "queued proposal %lld", (long long)proposal);
	return rc < 0 ? rc : 0;
}
