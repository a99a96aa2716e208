/*
 * plan.h - the box program's mode "compile": write the given files, run the given tools, hand out
 * the given outputs.
 *
 * The driver made the whole plan from trusted parts; candidate text is the content of a file and
 * nothing else. Limits are set here, inside the user namespace, because only there RLIMIT_NPROC
 * counts this box alone.
 */
#pragma once

/* Returns an exit status; the outcome goes over the socket as a struct box_compiled. */
int plan_run(void);
