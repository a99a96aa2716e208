#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "evaluators/job.h"
#include "evaluators/job_wire.h"

#define SUPPORT_MAX ((int)(sizeof(((struct job_configure *)0)->support) / sizeof(char *)) - 1)
#define PARAMETERS_MAX \
	((int)(sizeof(((struct job_configure *)0)->parameters) / sizeof(char *[2])) - 1)
#define COMPILE_CPUS_MAX ((int)(sizeof(((struct job_configure *)0)->compile_cpus) / sizeof(int)))
#define CPU_MAX 65535

static void put_key(cJSON *head, const uint8_t key[32])
{
	char hex[65];

	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", key[i]);
	json_put_text(head, "key", hex);
}

static void put_machine(cJSON *head, const struct job_configure *c)
{
	cJSON *cpus = json_put_array(head, "compile_cpus");

	json_put_i64(head, "cpu", c->cpu);
	json_put_i64(head, "second_cpu", c->second_cpu);
	json_put_bool(head, "lane", c->lane);
	json_put_bool(head, "measures", c->measures);
	for (int i = 0; i < c->compile_cpu_count; i++)
		cJSON_AddItemToArray(cpus, cJSON_CreateNumber(c->compile_cpus[i]));
}

int job_configure_encode(struct buffer *out, const struct job_configure *c, struct err *e)
{
	struct job_wire w = { .head = cJSON_CreateObject() };
	cJSON *parameters;

	json_put_text(w.head, "type", "configure");
	json_put_i64(w.head, "version", FRAME_VERSION);
	json_put_text(w.head, "problem_dir", c->problem_dir);
	json_put_text(w.head, "plugin", c->plugin);
	json_put_text(w.head, "compiler", c->compiler);
	json_put_text(w.head, "include_dir", c->include_dir);
	json_put_i64(w.head, "job_limit_ns", c->job_limit_ns);
	job_wire_put_strings(w.head, "flags", (const char *const *)c->flags);
	job_wire_put_strings(w.head, "support", (const char *const *)c->support);
	json_put_bool(w.head, "candidate_included", c->candidate_included);
	put_machine(w.head, c);
	json_put_bool(w.head, "has_seed", c->has_seed);
	json_put_i64(w.head, "seed", (int64_t)c->seed);
	put_key(w.head, c->key);
	parameters = json_put_object(w.head, "parameters");
	for (int i = 0; i < PARAMETERS_MAX && c->parameters[i][0]; i++)
		json_put_text(parameters, c->parameters[i][0], c->parameters[i][1]);
	return job_wire_end(&w, out, e);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_key(uint8_t key[32], const cJSON *head, struct err *e)
{
	const char *hex = json_text_or(head, "key", "");

	if (strlen(hex) != 64)
		return err_set(e, ERR_PROTOCOL, "key is not 64 hexadecimal digits");
	for (int i = 0; i < 32; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return err_set(e, ERR_PROTOCOL, "key is not 64 hexadecimal digits");
		key[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

static int read_texts(char **texts, int max, const cJSON *head, const char *key, struct err *e)
{
	const char *borrowed[64];
	int rc = job_wire_strings_at(borrowed, max, head, key, e);

	for (int i = 0; rc == 0 && borrowed[i]; i++)
		texts[i] = text_copy(borrowed[i]);
	return rc;
}

static int read_parameters(struct job_configure *c, const cJSON *head, struct err *e)
{
	const cJSON *object = cJSON_GetObjectItemCaseSensitive(head, "parameters"), *item;
	int n = 0;

	if (!cJSON_IsObject(object) || cJSON_GetArraySize(object) > PARAMETERS_MAX)
		return err_set(
			e, ERR_PROTOCOL, "parameters is no table of at most %d", PARAMETERS_MAX);
	cJSON_ArrayForEach (item, object) {
		if (!cJSON_IsString(item))
			return err_set(e, ERR_PROTOCOL, "parameter %s is no text", item->string);
		c->parameters[n][0] = text_copy(item->string);
		c->parameters[n++][1] = text_copy(item->valuestring);
	}
	return 0;
}

static int read_compile_cpus(struct job_configure *c, const cJSON *head, struct err *e)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(head, "compile_cpus"), *item;

	if (!cJSON_IsArray(array) || cJSON_GetArraySize(array) > COMPILE_CPUS_MAX)
		return err_set(
			e, ERR_PROTOCOL, "compile_cpus is no list of at most %d", COMPILE_CPUS_MAX);
	cJSON_ArrayForEach (item, array) {
		if (!cJSON_IsNumber(item) ||
			!(item->valuedouble >= 0 && item->valuedouble <= CPU_MAX))
			return err_set(
				e, ERR_PROTOCOL, "compile_cpus holds something that is no cpu");
		c->compile_cpus[c->compile_cpu_count++] = (int)item->valuedouble;
	}
	return 0;
}

static int read_scalars(struct job_configure *c, const cJSON *head, struct err *e)
{
	int64_t seed, version;
	int rc;

	if ((rc = json_i64_at(&version, head, "version", e)) < 0)
		return rc;
	if (version != FRAME_VERSION)
		return err_set(e, ERR_PROTOCOL,
			"the orchestrator speaks version %lld, this worker %d: use the same clade on both sides",
			(long long)version, FRAME_VERSION);
	if ((rc = json_bool_at(&c->candidate_included, head, "candidate_included", e)) < 0 ||
		(rc = json_bool_at(&c->measures, head, "measures", e)) < 0 ||
		(rc = json_bool_at(&c->lane, head, "lane", e)) < 0 ||
		(rc = json_bool_at(&c->has_seed, head, "has_seed", e)) < 0 ||
		(rc = json_i64_at(&seed, head, "seed", e)) < 0 ||
		(rc = json_i64_at(&c->job_limit_ns, head, "job_limit_ns", e)) < 0 ||
		(rc = job_wire_int_at(&c->cpu, head, "cpu", -1, CPU_MAX, e)) < 0 ||
		(rc = job_wire_int_at(&c->second_cpu, head, "second_cpu", -1, CPU_MAX, e)) < 0)
		return rc;
	c->seed = (uint64_t)seed;
	return read_key(c->key, head, e);
}

static int read_all(struct job_configure *c, const cJSON *head, struct err *e)
{
	int rc = read_scalars(c, head, e);

	if (rc < 0)
		return rc;
	c->problem_dir = text_copy(json_text_or(head, "problem_dir", NULL));
	c->plugin = text_copy(json_text_or(head, "plugin", NULL));
	c->compiler = text_copy(json_text_or(head, "compiler", NULL));
	c->include_dir = text_copy(json_text_or(head, "include_dir", NULL));
	if (!c->problem_dir || !c->plugin)
		return err_set(e, ERR_PROTOCOL, "problem_dir or plugin is missing");
	if ((rc = read_texts(c->flags, JOB_FLAGS_MAX, head, "flags", e)) < 0 ||
		(rc = read_texts(c->support, SUPPORT_MAX, head, "support", e)) < 0 ||
		(rc = read_compile_cpus(c, head, e)) < 0)
		return rc;
	return read_parameters(c, head, e);
}

int job_configure_decode(struct job_configure *c, const cJSON *head, struct err *e)
{
	struct job_configure read = { 0 };
	int rc = read_all(&read, head, e);

	if (rc < 0) {
		job_configure_release(&read);
		err_in(e, "configure");
		return rc;
	}
	*c = read;
	return 0;
}

void job_configure_release(struct job_configure *c)
{
	if (!c)
		return;
	free(c->problem_dir);
	free(c->plugin);
	free(c->compiler);
	free(c->include_dir);
	for (int i = 0; i < JOB_FLAGS_MAX; i++)
		free(c->flags[i]);
	for (int i = 0; i < SUPPORT_MAX; i++)
		free(c->support[i]);
	for (int i = 0; i < PARAMETERS_MAX; i++) {
		free(c->parameters[i][0]);
		free(c->parameters[i][1]);
	}
	*c = (struct job_configure){ 0 };
}
