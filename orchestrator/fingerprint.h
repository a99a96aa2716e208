/*
 * fingerprint.h - what an evaluator is made of, as one hash: sources, headers and data of its problem folder.
 *
 * Scores under a changed evaluator or adapter would mix with the old ones, even where its declarations stayed. The seed, references, README and
 * campaign.yaml do not count: they are not what scores.
 */
#pragma once

#include "base/hash.h"

struct err;
/* ERR_LIMIT over FINGERPRINT_FILES_MAX files or a file over FINGERPRINT_BYTES_MAX bytes. */
#define FINGERPRINT_FILES_MAX 4096
#define FINGERPRINT_BYTES_MAX (64u << 20)
int fingerprint_problem(struct hash *out, const char *dir, struct err *e);
