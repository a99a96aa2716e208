/*
 * machine.h - the fingerprint of a target: scores of different machines never mix.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>

/* {"cpu":"...","isa":"avx2 avx512f ...","caches":"L1d 32K ...","cores":2,"kernel":"...","clocksource":"tsc","compiler":"..."}; caller frees. */
cJSON *machine_fingerprint(const char *compiler_version);
/* Same machine for measuring? The kernel's patch level does not count; CPU, ISA, caches and compiler do. */
bool machine_same(const cJSON *a, const cJSON *b);
