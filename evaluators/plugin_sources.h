/*
 * plugin_sources.h - what a problem folder holds, as the name of a cached object must cover it.
 *
 * Every regular file below the folder counts, whatever its ending: an evaluator may include any of
 * them. Left out are campaign files (*.clade*) and .git. Links are followed.
 */
#pragma once

#include <stdbool.h>
#include <time.h>

#define PLUGIN_SOURCES_MAX 4096                 /* files below one folder */
#define PLUGIN_SOURCES_BYTES_MAX (64LL << 20)   /* of all of them */

struct buffer;
struct err;
/* One line per file, sorted: path, size and the hash of its contents. ERR_LIMIT over the caps. */
int plugin_sources_add(struct buffer *all, const char *dir, struct err *e);
/* Whether evaluator.c or a header below the folder changed after this time, or cannot be told. */
bool plugin_sources_newer(const char *dir, const struct timespec *than);
