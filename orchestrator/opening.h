/*
 * opening.h - a campaign's file at the beginning of a session: made anew, or taken up where the last session ended.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;
struct briefing;
struct search;

/* What a taken-up campaign brings besides the search's own state. */
struct opening {
	struct archive_queued *queued; int queued_count;   /* owned: what was in flight */
	bool other_machine;                                /* its elites, or some of them, were measured elsewhere */
	uint8_t input_key[32];
};

/* Read the user's file, make the archive. search->campaign, manifest, path, seed are set. */
int opening_create(struct opening *out, struct search *s, const struct briefing *b, struct err *e);
int opening_resume(struct opening *out, struct search *s, const struct briefing *b, struct err *e);
/* Every elite was measured on this machine: a resume need not do it again. */
int opening_retested(struct search *s, struct err *e);
void opening_release(struct opening *o);
