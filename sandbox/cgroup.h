/*
 * cgroup.h - one leaf per sandbox for memory and process counts, where the host lets us: rungs A to
 * C of the ladder.
 *
 *   A  cgroup v2 with memory and pids delegated: boxes are born in the leaf (CLONE_INTO_CGROUP)
 *   B  cgroup v1 memory and pids, as root: the launching thread joins the leaf once, boxes inherit it. Attaching each
 *      box instead would cost an RCU grace period, up to 13 ms
 *   C  none: limits inside the box and the filters hold alone; the strict tier loses nothing by it
 *
 * A missing cgroup is never an error. Nobody but the boxes lives in the leaf.
 */
#pragma once

#include <stdint.h>

#define CGROUP_MEMORY_MAX (INT64_C(2) << 30) /* all boxes of one sandbox together */
#define CGROUP_PIDS_MAX 512

enum cgroup_rung { CGROUP_V2, CGROUP_V1, CGROUP_NONE };

struct cgroup {
	enum cgroup_rung rung;
	int v2_fd;         /* the leaf's folder for CLONE_INTO_CGROUP, or -1 */
	char leaf[2][512]; /* v2: one folder; v1: memory, then pids; "" where absent */
	char detail[192];  /* for the doctor: what was found, or what was missing */
};

void cgroup_open(struct cgroup *out);
/*
 * v1: put the calling thread into the leaf, so that what it starts is born there. Nothing to do on
 * other rungs.
 */
void cgroup_join(struct cgroup *g);
/* v2: the leaf turned out to be of no use. */
void cgroup_lose(struct cgroup *g);
/* Remove the leaf; every box must have ended. */
void cgroup_close(struct cgroup *g);
