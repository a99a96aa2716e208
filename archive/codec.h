/*
 * codec.h - zstd for sources and images, with dictionaries. Bytes only: it knows no database.
 *
 * A campaign's programs are variants of one text, so a dictionary made of them saves most of each.
 * A dictionary has a number of the caller's, which is stored beside what was packed with it; 0 is
 * no dictionary.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum codec_kind { CODEC_SOURCE, CODEC_IMAGE, CODEC_KINDS };

#define CODEC_DICTIONARY_MAX (110u << 10)  /* bytes; zstd's own default (programs/zstdcli.c) */
#define CODEC_BYTES_MAX (64u << 20)        /* of one unpacked source or image */

struct err;
struct codec;

struct codec *codec_new(void);
void codec_free(struct codec *c);
/* Make a dictionary known; the newest (largest number) of a kind packs. Bytes are copied. */
int codec_add(struct codec *c, enum codec_kind kind, int64_t number, const void *bytes, size_t size,
	struct err *e);
bool codec_has(const struct codec *c, int64_t number);
/* The number that codec_pack will use, 0 without one. */
int64_t codec_packs_with(const struct codec *c, enum codec_kind kind);
/* The largest number of all, 0 without one. */
int64_t codec_newest(const struct codec *c);
/* Forget the dictionaries above this number: the transaction that stored them was undone. */
void codec_forget(struct codec *c, int64_t above);
/* *out is the caller's to free; *dictionary is the number to store with it. */
int codec_pack(void **out, size_t *out_size, int64_t *dictionary, struct codec *c,
	enum codec_kind kind, const void *bytes, size_t size, struct err *e);
/* Into raw_size bytes and a NUL. ERR_FORMAT when the bytes are damaged or of another size. */
int codec_unpack(char **out, struct codec *c, int64_t dictionary, const void *bytes, size_t size,
	size_t raw_size, struct err *e);
/*
 * A dictionary from count samples that lie one behind the other. ERR_FORMAT when they are too few
 * or too alike.
 */
int codec_train(void **out, size_t *out_size, const void *samples, const size_t *sizes, int count,
	struct err *e);
