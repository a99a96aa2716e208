/*
 * lane.h - a timing lane: one CPU, held machine-wide while something is timed on it, so that two campaigns never time on one core.
 *
 * The lock is an abstract Unix socket name (unix(7)): machine-wide for every user within a network namespace, gone with its holder, no file to own or clean up.
 */
#pragma once

#include <stdint.h>

struct err;
struct lane;
/* Wait up to wait_ns for the lane of cpu. 0; ERR_BUSY names the holder's pid where it is known. */
int lane_take(struct lane **out, int cpu, int64_t wait_ns, struct err *e);
void lane_give(struct lane *l);
/* The holder's pid, 0 when free, -1 when held by a process that we may not see. */
int lane_holder(int cpu);
