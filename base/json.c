#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

#define EXACT_MAX (1LL << 53)                 /* every integer up to here is a double */
#define PRINTED_MAX 1000000000000000LL        /* cJSON prints 15 digits */

/* cJSON answers NULL when memory is out; as in memory.h the process ends then. */
static void *must(void *made)
{
	if (!made) {
		fprintf(stderr, "clade: out of memory in JSON\n");
		abort();
	}
	return made;
}

/*
 * cJSON ends a string at \u0000, so that two different texts would read alike. A backslash stands
 * only in strings, so no parser is needed to find it.
 */
static bool has_escaped_nul(const char *text, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++) {
		if (text[i] != '\\')
			continue;
		if (size - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0)
			return true;
		i++;
	}
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int json_parse(cJSON **out, const char *text, size_t size, struct err *e)
{
	const char *end = text;
	cJSON *value;

	if (has_escaped_nul(text, size))
		return err_set(e, ERR_FORMAT, "JSON: a string holds \\u0000");
	value = cJSON_ParseWithLengthOpts(text, size, &end, 0);
	if (!value)
		return err_set(e, ERR_FORMAT, "JSON: syntax error at byte %td", end - text);
	while (end < text + size && is_blank(*end))
		end++;
	if (end < text + size) {
		cJSON_Delete(value);
		return err_set(e, ERR_FORMAT, "JSON: more than one value, at byte %td", end - text);
	}
	*out = value;
	return 0;
}

char *json_text(const cJSON *value)
{
	return must(cJSON_PrintUnformatted(value));
}

char *json_pretty(const cJSON *value)
{
	return must(cJSON_Print(value));
}

/* Put replaces: cJSON alone would keep both items and find the older. */
static cJSON *put(cJSON *object, const char *key, cJSON *item)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	must(item);
	if (!cJSON_AddItemToObject(object, key, item))
		must(NULL);
	return item;
}

void json_put_text(cJSON *object, const char *key, const char *value)
{
	put(object, key, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

void json_put_i64(cJSON *object, const char *key, int64_t value)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "%lld", (long long)value);
	if (value >= -PRINTED_MAX && value <= PRINTED_MAX)
		put(object, key, cJSON_CreateNumber((double)value));
	else if (value >= -EXACT_MAX && value <= EXACT_MAX)
		put(object, key, cJSON_CreateRaw(digits));
	else
		put(object, key, cJSON_CreateString(digits));
}

/*
 * cJSON prints 15 digits when they read back within one DBL_EPSILON, which changes the last bits of
 * many doubles. Those go in as raw text with 17 digits; the getters below read raw items too.
 */
void json_put_double(cJSON *object, const char *key, double value)
{
	char digits[32];

	if (!isfinite(value)) {
		put(object, key, cJSON_CreateNull());
		return;
	}
	snprintf(digits, sizeof(digits), "%1.15g", value);
	if (strtod(digits, NULL) == value) {
		put(object, key, cJSON_CreateNumber(value));
		return;
	}
	snprintf(digits, sizeof(digits), "%1.17g", value);
	put(object, key, cJSON_CreateRaw(digits));
}

void json_put_bool(cJSON *object, const char *key, bool value)
{
	put(object, key, cJSON_CreateBool(value));
}

cJSON *json_put_object(cJSON *object, const char *key)
{
	return put(object, key, cJSON_CreateObject());
}

cJSON *json_put_array(cJSON *object, const char *key)
{
	return put(object, key, cJSON_CreateArray());
}

static int refuse(const cJSON *item, const char *key, const char *wanted, struct err *e)
{
	if (!item)
		return err_set(e, ERR_FORMAT, "JSON: key \"%s\" is missing", key);
	return err_set(e, ERR_FORMAT, "JSON: key \"%s\" must be %s", key, wanted);
}

int json_text_at(const char **out, const cJSON *object, const char *key, struct err *e)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!cJSON_IsString(item))
		return refuse(item, key, "a string", e);
	*out = item->valuestring;
	return 0;
}

int json_i64_at(int64_t *out, const cJSON *object, const char *key, struct err *e)
{
	static const char wanted[] = "an integer, as a number up to 2^53 or as a string of digits";
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	double value;

	if (cJSON_IsString(item) || cJSON_IsRaw(item)) {
		if (text_parse_i64(out, item->valuestring) < 0)
			return refuse(item, key, wanted, e);
		return 0;
	}
	value = cJSON_IsNumber(item) ? item->valuedouble : NAN;
	if (!(fabs(value) <= (double)EXACT_MAX) || value != trunc(value))
		return refuse(item, key, wanted, e);
	*out = (int64_t)value;
	return 0;
}

int json_double_at(double *out, const cJSON *object, const char *key, struct err *e)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	double value = NAN;

	if (cJSON_IsNull(item)) {
		*out = value;
		return 0;
	}
	if (cJSON_IsNumber(item))
		value = item->valuedouble;
	else if (cJSON_IsString(item) || cJSON_IsRaw(item))
		text_parse_double(&value, item->valuestring);
	if (!isfinite(value))
		return refuse(item, key, "a finite number or null", e);
	*out = value;
	return 0;
}

int json_bool_at(bool *out, const cJSON *object, const char *key, struct err *e)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	if (!cJSON_IsBool(item))
		return refuse(item, key, "true or false", e);
	*out = cJSON_IsTrue(item);
	return 0;
}

const char *json_text_or(const cJSON *object, const char *key, const char *fallback)
{
	const char *value = fallback;

	json_text_at(&value, object, key, NULL);
	return value;
}

int64_t json_i64_or(const cJSON *object, const char *key, int64_t fallback)
{
	int64_t value = fallback;

	json_i64_at(&value, object, key, NULL);
	return value;
}

double json_double_or(const cJSON *object, const char *key, double fallback)
{
	double value = fallback;

	json_double_at(&value, object, key, NULL);
	return value;
}

bool json_bool_or(const cJSON *object, const char *key, bool fallback)
{
	bool value = fallback;

	json_bool_at(&value, object, key, NULL);
	return value;
}
