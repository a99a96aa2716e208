/*
 * clade_adapter.h - what adapter.c of a problem includes; it is compiled with the candidate, inside the box.
 */
#pragma once

/* The one symbol that the box calls. */
#define CLADE_ENTRY __attribute__((visibility("default"), used))

CLADE_ENTRY void clade_call(const void *arguments, void *results);
