/*
 * run_zygote.h - what run_child.c needs of a run box (run_box.c) and nobody else.
 */
#pragma once

#include <stdint.h>

struct err;
struct run_box;
struct zygote;

/*
 * The zygote for the next child, held for the caller; a fresh one where the old one has done its
 * number.
 */
int run_box_zygote(struct zygote **out, struct run_box *b, struct err *e);
/* Something was odd: let the next child have a fresh zygote. Children of the old one live on. */
void run_box_replace(struct run_box *b);
/*
 * Set the bit of each name; ERR_ARGS names one that the loader does not have. bits:
 * BOX_IMPORT_WORDS words.
 */
int run_box_import_bits(uint64_t bits[], const char *const *names, struct err *e);
