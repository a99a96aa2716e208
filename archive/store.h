/*
 * store.h - results into the campaign: everything that one evaluation changes, in one transaction.
 */
#pragma once

#include <stdint.h>

#include "archive/archive.h"

int store_commit(int64_t *id, enum archive_add *added, struct archive *a,
	const struct archive_result *r, struct err *e);
int store_rescore(struct archive *a, int64_t id, double fitness, double low, double high,
	const char *metrics, int64_t pairs, struct err *e);
int store_holdout(struct archive *a, int64_t id, const char *json, struct err *e);
int store_demote(struct archive *a, int64_t id, const char *why, struct err *e);
/* Best and QD score anew from the elites: sums that grow by differences drift. */
int store_recount(struct archive *a, struct err *e);
