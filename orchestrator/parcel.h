/*
 * parcel.h - a candidate as text: the payload of its queue row, so that what is in flight survives a kill.
 */
#pragma once

#include <stdint.h>

struct candidate;
struct err;
struct search;

/* JSON; caller frees. */
char *parcel_write(const struct candidate *c);
/* The candidate of a queue row; candidate_begin puts it on its way. ERR_FORMAT names the proposal. */
int parcel_read(struct candidate **out, struct search *s, int64_t queue_id, int64_t proposal, int tries, const char *payload, struct err *e);
/* Gene flags as a JSON array of texts, and back into a NULL-ended array of at most max owned texts; the number read. */
char *parcel_flags_text(char *const *flags);
int parcel_flags_read(char **flags, int max, const char *json);
