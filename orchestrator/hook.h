/*
 * hook.h - the user's command on a new best: CMD runs by /bin/sh with CLADE_FILE, CLADE_ID, CLADE_FITNESS, CLADE_PROBLEM in its environment.
 *
 * One at a time; while one runs, only the newest best waits. Its failure is a warning, never the campaign's end.
 */
#pragma once

struct candidate;
struct search;

void hook_best(struct search *s, const struct candidate *c, double fitness);
/* Wait for nothing: a hook that still runs at the end is left to itself. The loop must turn once more to let go of it. */
void hook_close(struct search *s);
