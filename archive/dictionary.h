/*
 * dictionary.h - the campaign's zstd dictionaries: stored in it, made from it.
 *
 * The first source and the first image are the first dictionaries, as raw text: a campaign's
 * programs are variants of its seed. At 1,000, 10,000 and 100,000 programs one is trained on a
 * sample of the newest sources and images, and kept when it saves more than the present one on
 * other samples.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "archive/codec.h"

struct archive;
struct err;

/* Make the codec know all stored ones (those that another process added meanwhile too). */
int dictionary_load(struct archive *a, struct err *e);
/* After a program was stored, within its transaction. programs: how many there are now. */
int dictionary_grow(struct archive *a, int64_t programs, struct err *e);
/* Use these bytes as the first dictionary of their kind, if there is none yet. */
int dictionary_start(struct archive *a, enum codec_kind kind, const void *bytes, size_t size,
	struct err *e);
