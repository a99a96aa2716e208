/*
 * audit.h - whether a campaign file keeps its promises.
 */
#pragma once

struct archive;
struct err;

/* 0, or ERR_FORMAT naming the first break. Reads the whole file. */
int audit_run(struct archive *a, struct err *e);
