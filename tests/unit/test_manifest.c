#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/json.h"
#include "evaluators/manifest.h"

static const char *const functions[] = { "double f(double x)", NULL };
static const char *const imports[] = { "sqrt", "exp", NULL };
static const char *const classes[] = { "small", "large", NULL };
static const struct clade_metric metrics[] = {
	{ .name = "gap",
		.unit = "%",
		.text = "above the bound",
		.direction = CLADE_MINIMISE,
		.depends = CLADE_BEHAVIOUR,
		.bound = 0.1 + 0.2 },
	{ .name = "speed",
		.unit = "x",
		.text = "",
		.direction = CLADE_MAXIMISE,
		.depends = CLADE_CODE,
		.bound = NAN },
	{ 0 },
};
static const struct clade_feature features[] = {
	{ .name = "operations",
		.unit = "",
		.text = "t",
		.low = 0,
		.high = 24,
		.bins = 24,
		.scale = CLADE_LINEAR,
		.outside = CLADE_REFUSE,
		.source = CLADE_FROM_OPERATIONS },
	{ 0 },
};
static const struct clade_terminal terminals[] = { { "v->time", "double", "processing time", 4 },
	{ 0 } };

static const struct clade_evaluator evaluator = {
	.abi = CLADE_EVALUATOR_ABI,
	.name = "sample",
	.summary = "a sample",
	.kind = CLADE_KIND_PRIORITY,
	.functions = functions,
	.imports = imports,
	.syntax = CLADE_SYNTAX_BRANCHES | CLADE_SYNTAX_CALLS,
	.terminals = terminals,
	.metrics = metrics,
	.fitness = "gap",
	.features = features,
	.timed = 1,
	.classes = classes,
};

static cJSON *sent(void)
{
	cJSON *json = manifest_to_json(&evaluator), *read = NULL;
	char *text = json_text(json);

	assert_int_equal(json_parse(&read, text, strlen(text), NULL), 0);
	free(text);
	cJSON_Delete(json);
	return read;
}

static void a_manifest_survives_its_journey(void **state)
{
	cJSON *json = sent();
	struct manifest *m = NULL;

	(void)state;
	assert_int_equal(manifest_from_json(&m, json, NULL), 0);
	cJSON_Delete(json);
	assert_string_equal(m->name, "sample");
	assert_string_equal(m->functions[0], functions[0]);
	assert_string_equal(m->imports[1], "exp");
	assert_null(m->imports[2]);
	assert_string_equal(m->classes[1], "large");
	assert_int_equal(m->metric_count, 2);
	assert_true(m->metrics[0].bound == 0.1 + 0.2);
	assert_true(isnan(m->metrics[1].bound));
	assert_int_equal(m->metrics[1].depends, CLADE_CODE);
	assert_int_equal(m->fitness_index, 0);
	assert_int_equal(m->features[0].source, CLADE_FROM_OPERATIONS);
	assert_int_equal(m->features[0].outside, CLADE_REFUSE);
	assert_string_equal(m->terminals[0].text, "v->time");
	assert_int_equal(m->terminals[0].group, 4);
	assert_true(m->timed && !m->has_residuals);
	assert_int_equal(m->syntax, CLADE_SYNTAX_BRANCHES | CLADE_SYNTAX_CALLS);
	manifest_free(m);
}

static void better_follows_the_direction_and_nan_is_never_better(void **state)
{
	cJSON *json = sent();
	struct manifest *m = NULL;

	(void)state;
	assert_int_equal(manifest_from_json(&m, json, NULL), 0);
	cJSON_Delete(json);
	assert_true(manifest_better(m, 1, 2));
	assert_false(manifest_better(m, 2, 1));
	assert_false(manifest_better(m, 1, 1));
	assert_false(manifest_better(m, NAN, 1));
	assert_false(manifest_better(m, NAN, NAN));
	assert_true(manifest_better(m, 1, NAN));
	m->metrics[0].direction = CLADE_MAXIMISE;
	assert_true(manifest_better(m, 2, 1));
	manifest_free(m);
}

static void a_manifest_with_a_piece_missing_is_refused(void **state)
{
	static const char *const keys[] = { "name", "fitness", "kind", "syntax", "timed", "metrics",
		"features", "terminals", "functions", "imports", "classes", "residual_count" };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		cJSON *json = sent();
		struct manifest *m = NULL;
		struct err e = { 0 };

		cJSON_DeleteItemFromObjectCaseSensitive(json, keys[i]);
		assert_int_equal(manifest_from_json(&m, json, &e), ERR_FORMAT);
		assert_null(m);
		assert_non_null(strstr(e.text, "manifest"));
		cJSON_Delete(json);
	}
}

static void values_out_of_range_are_refused(void **state)
{
	struct manifest *m = NULL;
	cJSON *json = sent(),
	      *feature = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, "features"), 0);

	(void)state;
	json_put_i64(feature, "bins", 257);
	assert_int_equal(manifest_from_json(&m, json, NULL), ERR_FORMAT);
	json_put_i64(feature, "bins", 0);
	assert_int_equal(manifest_from_json(&m, json, NULL), ERR_FORMAT);
	json_put_i64(feature, "bins", 5);
	json_put_double(feature, "high", -1);
	assert_int_equal(manifest_from_json(&m, json, NULL), ERR_FORMAT);
	json_put_double(feature, "high", NAN);
	assert_int_equal(manifest_from_json(&m, json, NULL), ERR_FORMAT);
	json_put_double(feature, "high", 5);
	json_put_text(json, "fitness", "absent");
	assert_int_equal(manifest_from_json(&m, json, NULL), ERR_FORMAT);
	json_put_text(json, "fitness", "speed");
	assert_int_equal(manifest_from_json(&m, json, NULL), 0);
	assert_int_equal(m->fitness_index, 1);
	manifest_free(m);
	cJSON_Delete(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manifest_survives_its_journey),
		cmocka_unit_test(better_follows_the_direction_and_nan_is_never_better),
		cmocka_unit_test(a_manifest_with_a_piece_missing_is_refused),
		cmocka_unit_test(values_out_of_range_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
