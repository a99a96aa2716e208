/*
 * strict.h - the strict tier's last step: limits, then a filter that leaves futex(WAIT),
 * futex(WAKE) and exit_group.
 */
#pragma once

#include <stdint.h>

/* Set resource to value, soft and hard. Ends the process when it cannot. */
void strict_limit(int resource, uint64_t value);
/*
 * Drop everything; called by the child after its mappings stand and before any candidate code. Ends
 * the process on failure.
 */
void strict_enter(uint32_t cpu_limit_s, uint64_t memory_bytes);
