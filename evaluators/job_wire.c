#include "evaluators/job_wire.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "evaluators/cascade.h"

void job_wire_begin(struct job_wire *w, const char *type, int64_t id, const char *kind)
{
	char digits[32];

	*w = (struct job_wire){ .head = cJSON_CreateObject() };
	snprintf(digits, sizeof(digits), "%lld", (long long)id);
	json_put_text(w->head, "type", type);
	json_put_text(w->head, "id", digits);
	if (kind)
		json_put_text(w->head, "kind", kind);
}

int job_wire_end(struct job_wire *w, struct buffer *out, struct err *e)
{
	int rc = frame_encode(out, w->head, w->blobs, w->blob_count, e);

	cJSON_Delete(w->head);
	w->head = NULL;
	return rc;
}

void job_wire_put_blob(struct job_wire *w, cJSON *object, const char *key, struct frame_blob blob)
{
	if (blob.size == 0 || w->blob_count >= FRAME_BLOBS_MAX) {
		json_put_text(object, key, NULL);
		return;
	}
	json_put_i64(object, key, w->blob_count);
	w->blobs[w->blob_count++] = blob;
}

int job_wire_blob_at(struct frame_blob *out, const struct frame *f, const cJSON *object,
	const char *key, struct err *e)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	int index;

	if (!item || cJSON_IsNull(item)) {
		*out = (struct frame_blob){ 0 };
		return 0;
	}
	if (job_wire_int_at(&index, object, key, 0, f->blob_count - 1, e) < 0)
		return err_set(e, ERR_PROTOCOL, "%s names no blob of its frame", key);
	*out = f->blobs[index];
	return 0;
}

void job_wire_put_program(struct job_wire *w, const char *key, const struct job_program *p)
{
	cJSON *object = json_put_object(w->head, key);

	job_wire_put_blob(w, object, "source", (struct frame_blob){ p->source, p->source_bytes });
	job_wire_put_strings(object, "flags", p->flags);
}

int job_wire_program_at(
	struct job_program *out, const struct frame *f, const char *key, struct err *e)
{
	const cJSON *object = cJSON_GetObjectItemCaseSensitive(f->head, key);
	struct frame_blob blob;
	struct job_program p = { 0 };
	int rc;

	if (!cJSON_IsObject(object))
		return err_set(e, ERR_PROTOCOL, "%s is missing", key);
	if ((rc = job_wire_blob_at(&blob, f, object, "source", e)) < 0 ||
		(rc = job_wire_strings_at(p.flags, JOB_FLAGS_MAX, object, "flags", e)) < 0)
		return rc;
	p.source = blob.bytes;
	p.source_bytes = blob.size;
	*out = p;
	return 0;
}

void job_wire_put_doubles(cJSON *object, const char *key, const double *values, int count)
{
	cJSON *array = json_put_array(object, key), *holder = cJSON_CreateObject();

	/* Through the object form of base/json.h, which alone keeps every bit. */
	for (int i = 0; i < count; i++) {
		json_put_double(holder, "v", values[i]);
		cJSON_AddItemToArray(array, cJSON_DetachItemFromObjectCaseSensitive(holder, "v"));
	}
	cJSON_Delete(holder);
}

int job_wire_doubles_at(
	double *values, int *count, int max, const cJSON *object, const char *key, struct err *e)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, key), *item;
	int n = 0;

	if (!cJSON_IsArray(array) || cJSON_GetArraySize(array) > max)
		return err_set(e, ERR_PROTOCOL, "%s is no list of at most %d numbers", key, max);
	cJSON_ArrayForEach (item, array) {
		double value = NAN;

		if (cJSON_IsNumber(item) && isfinite(item->valuedouble))
			value = item->valuedouble;
		else if (!cJSON_IsNull(item))
			return err_set(e, ERR_PROTOCOL, "%s[%d] is no number", key, n);
		values[n++] = value;
	}
	*count = n;
	return 0;
}

void job_wire_put_strings(cJSON *object, const char *key, const char *const *texts)
{
	cJSON *array = json_put_array(object, key);

	for (; texts && *texts; texts++)
		cJSON_AddItemToArray(array, cJSON_CreateString(*texts));
}

int job_wire_strings_at(
	const char **texts, int max, const cJSON *object, const char *key, struct err *e)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, key), *item;
	int n = 0;

	if (!cJSON_IsArray(array) || cJSON_GetArraySize(array) > max)
		return err_set(e, ERR_PROTOCOL, "%s is no list of at most %d texts", key, max);
	cJSON_ArrayForEach (item, array) {
		if (!cJSON_IsString(item))
			return err_set(e, ERR_PROTOCOL, "%s[%d] is no text", key, n);
		texts[n++] = item->valuestring;
	}
	texts[n] = NULL;
	return 0;
}

int job_wire_int_at(
	int *out, const cJSON *object, const char *key, int low, int high, struct err *e)
{
	int64_t value;

	if (json_i64_at(&value, object, key, e) < 0)
		return err_set(e, ERR_PROTOCOL, "%s is missing or no integer", key);
	if (value < low || value > high)
		return err_set(e, ERR_PROTOCOL, "%s %lld is not in %d..%d", key, (long long)value,
			low, high);
	*out = (int)value;
	return 0;
}

void job_wire_put_outcome(cJSON *head, enum verdict verdict, const char *reason,
	const struct job_cost *costs, int cost_count)
{
	cJSON *array = json_put_array(head, "costs");

	json_put_text(head, "verdict", verdict_rows[verdict].name);
	json_put_text(head, "reason", reason);
	for (int i = 0; i < cost_count; i++) {
		cJSON *row = cJSON_CreateObject();

		json_put_text(row, "stage", costs[i].stage);
		json_put_i64(row, "wall_ns", costs[i].wall_ns);
		json_put_i64(row, "cpu_ns", costs[i].cpu_ns);
		cJSON_AddItemToArray(array, row);
	}
}

static int read_costs(struct job_cost *costs, int *cost_count, const cJSON *head, struct err *e)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(head, "costs"), *row;
	int n = 0;

	if (!cJSON_IsArray(array) || cJSON_GetArraySize(array) > JOB_STAGES_MAX)
		return err_set(
			e, ERR_PROTOCOL, "costs is no list of at most %d stages", JOB_STAGES_MAX);
	cJSON_ArrayForEach (row, array) {
		int stage = cascade_find(json_text_or(row, "stage", NULL));

		if (stage < 0)
			return err_set(e, ERR_PROTOCOL, "costs[%d] names no stage", n);
		costs[n].stage = cascade_rows[stage].name;
		costs[n].wall_ns = json_i64_or(row, "wall_ns", 0);
		costs[n].cpu_ns = json_i64_or(row, "cpu_ns", 0);
		n++;
	}
	*cost_count = n;
	return 0;
}

int job_wire_outcome_at(enum verdict *verdict, char **reason, struct job_cost *costs,
	int *cost_count, const cJSON *head, struct err *e)
{
	const char *error = json_text_or(head, "error", NULL);
	int found = verdict_find(json_text_or(head, "verdict", NULL)), rc;

	if (error)
		return err_set(e, ERR_CHILD, "worker: %s", error);
	if (found < 0)
		return err_set(e, ERR_PROTOCOL, "the result has no verdict");
	if ((rc = read_costs(costs, cost_count, head, e)) < 0)
		return rc;
	*verdict = (enum verdict)found;
	*reason = text_copy(json_text_or(head, "reason", NULL));
	return 0;
}
