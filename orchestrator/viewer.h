/*
 * viewer.h - a campaign's file opened for reading, with what its numbers mean: the evaluator's
 * declarations and the settings.
 *
 * Works while the campaign runs and after its problem's folder is gone (there are no references to
 * show then).
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "archive/archive.h"
#include "evaluators/manifest.h"
#include "orchestrator/campaign.h"

struct err;

struct viewer {
	const char *path;          /* borrowed */
	struct archive *archive;   /* owned */
	struct manifest *manifest; /* owned */
	struct campaign settings;  /* as stored; defaults where they can no longer be read */
	bool has_settings;
};
int viewer_open(struct viewer *out, const char *path, struct err *e);
void viewer_close(struct viewer *v);

/* The program of an id prefix, "best" or "seed". The caller releases *out. */
int viewer_program(struct archive_program *out, struct viewer *v, const char *id, bool with_source,
	struct err *e);
/* The first 12 digits of a program's name: what tables show. */
#define VIEWER_SHORT 13
void viewer_short(char out[VIEWER_SHORT], const struct hash *name);

const struct clade_metric *viewer_fitness(const struct viewer *v);
/* "9.31 digits", "3.2 x [3.1, 3.3]", or "-" for a program without a score. */
void viewer_score(char out[128], const struct viewer *v, const struct archive_program *p);
/*
 * "digits 9.31", "ratio 3.2 x [3.1, 3.3]"-like text of any value of the fitness; low and high equal
 * to it: no interval.
 */
void viewer_value(
	char out[128], const struct clade_metric *m, double value, double low, double high);
/* The metric of a name, or NULL. */
const struct clade_metric *viewer_metric(const struct viewer *v, const char *name);

/*
 * What list --json prints of one program: id, score, low, high, cell, cell_text, verdict, ... The
 * caller owns it.
 */
cJSON *viewer_json(const struct viewer *v, const struct archive_program *p);
/* The references as an array of {name, metric, value, source}. */
cJSON *viewer_references_json(const struct viewer *v);
