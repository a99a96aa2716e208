/*
 * json.h - cJSON with its pitfalls closed: no trailing bytes, 64-bit integers as decimal strings, typed getters with errors.
 *
 * cJSON keeps numbers as doubles (2^53+1 is lost), prints NaN as null and accepts trailing garbage in cJSON_Parse.
 * So ids, hashes and nanosecond counts travel as strings here, and the getters take either form.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
int json_parse(cJSON **out, const char *text, size_t size, struct err *e);   /* one value and nothing else */
char *json_text(const cJSON *value);                                         /* unformatted; caller frees */
char *json_pretty(const cJSON *value);
void json_put_text(cJSON *object, const char *key, const char *value);       /* NULL puts null */
void json_put_i64(cJSON *object, const char *key, int64_t value);            /* a number up to 2^53, else a string */
void json_put_double(cJSON *object, const char *key, double value);          /* not finite puts null */
void json_put_bool(cJSON *object, const char *key, bool value);
cJSON *json_put_object(cJSON *object, const char *key);
cJSON *json_put_array(cJSON *object, const char *key);
/* Getters: 0, or ERR_FORMAT naming the key when it is missing or of another type. Borrowed text lives as long as the object. */
int json_text_at(const char **out, const cJSON *object, const char *key, struct err *e);
int json_i64_at(int64_t *out, const cJSON *object, const char *key, struct err *e);
int json_double_at(double *out, const cJSON *object, const char *key, struct err *e);   /* null gives NaN */
int json_bool_at(bool *out, const cJSON *object, const char *key, struct err *e);
/* The same for keys that may be absent: the fallback then. */
const char *json_text_or(const cJSON *object, const char *key, const char *fallback);
int64_t json_i64_or(const cJSON *object, const char *key, int64_t fallback);
double json_double_or(const cJSON *object, const char *key, double fallback);
bool json_bool_or(const cJSON *object, const char *key, bool fallback);
