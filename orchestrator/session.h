/*
 * session.h - one session of a campaign as a command: run the engine, print the summary, choose the exit status.
 */
#pragma once

#include "orchestrator/engine.h"

struct campaign;
/* command: "run" or "resume", for error texts. Returns the exit status. */
int session_run(const char *command, struct campaign *c, const struct engine_options *o);
