/*
 * zygote_loop.h - pid 1 of a run box: forks a candidate per start order, reaps on order, holds
 * nothing worth reading.
 */
#pragma once

/* The box program's mode "zygote": serves the socket until it closes. Returns an exit status. */
int zygote_loop_run(void);
