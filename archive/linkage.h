/*
 * linkage.h - the versions of the libraries that this folder runs with, for `clade doctor`.
 */
#pragma once

struct linkage {
	const char *name;
	char version[32];
	const char *lacks; /* what is wrong with this version, NULL: nothing */
};
#define LINKAGE_MAX 3
/* Fills all of out; the library that is loaded counts, not the one that was compiled against. */
void linkage_read(struct linkage out[LINKAGE_MAX]);
