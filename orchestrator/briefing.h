/*
 * briefing.h - what workers are told, and what one tells us first: the evaluator's declarations, the machine, the compiler.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdint.h>
#include <uv.h>

#include "evaluators/job.h"
#include "evaluators/manifest.h"
#include "orchestrator/slots.h"

struct err;
struct campaign;
struct progress;

#define BRIEFING_START_NS (30LL * 1000000000)    /* a worker must be ready: srun may queue, ssh takes 0.5 s */
#define BRIEFING_PATH_MAX 4096

struct briefing {
	const struct campaign *campaign;      /* borrowed */
	char *plugin;                         /* owned: path of the evaluator's .so */
	char worker_command[BRIEFING_PATH_MAX];
	cJSON *machine, *declarations;        /* owned */
	char *compiler;                       /* owned: version line */
	struct slots slots;
	struct job_configure *measure;        /* owned, slots.measure_count of them */
	struct job_configure compile;         /* owned */
};

/* Build the plug-in if need be, start one compile-only worker and ask it. *manifest is the caller's to free. */
int briefing_open(struct briefing *out, struct manifest **manifest, const struct campaign *c, uv_loop_t *loop, struct progress *progress, struct err *e);
/* Plan the slots and write the workers' orders. key: the campaign's input key. */
int briefing_orders(struct briefing *b, const struct manifest *m, const uint8_t key[32], struct err *e);
void briefing_release(struct briefing *b);
