/*
 * manifest.h - an evaluator's declarations as plain data, read from the plug-in by a worker and sent to whoever asks.
 *
 * The orchestrator never loads a plug-in: a crash in one must not take the campaign with it.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "evaluators/evaluator.h"

struct err;
/* Arrays and strings are owned by the manifest. */
struct manifest {
	char *name, *summary, *fitness;
	enum clade_kind kind;
	unsigned syntax;
	bool timed, has_residuals;
	int residual_count;
	char **functions;          /* NULL-ended */
	char **imports;            /* NULL-ended */
	char **classes;            /* NULL-ended */
	struct clade_metric metrics[CLADE_METRICS_MAX];
	int metric_count, fitness_index;
	struct clade_feature features[CLADE_FEATURES_MAX];
	int feature_count;
	struct clade_terminal terminals[CLADE_TERMINALS_MAX];
	int terminal_count;
};

cJSON *manifest_to_json(const struct clade_evaluator *v);
int manifest_from_json(struct manifest **out, const cJSON *json, struct err *e);
void manifest_free(struct manifest *m);
/* Is value a better than b for the fitness metric? NAN is never better. */
bool manifest_better(const struct manifest *m, double a, double b);
