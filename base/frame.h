/*
 * frame.h - the framed messages between orchestrator and worker: one JSON head and any number of opaque blobs.
 *
 *   u32 magic "CLF1" | u32 bytes that follow, newline included | u32 head bytes | u32 blob count | u32 bytes of each blob | head | blobs | '\n'
 *
 * All integers little-endian. Every frame ends with a newline, because srun forwards a child's output by lines
 * (reference: libraries note 1.3). The head is JSON text; blobs are bytes that nobody between the ends parses.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define FRAME_VERSION 1
#define FRAME_BYTES_MAX (64u << 20)
#define FRAME_BLOBS_MAX 32

struct frame_blob { const void *bytes; size_t size; };

struct frame {
	cJSON *head;                               /* owned */
	struct frame_blob blobs[FRAME_BLOBS_MAX];  /* borrowed from bytes */
	int blob_count;
	char *bytes;                               /* owned: the memory behind the blobs */
};

struct err;
void frame_release(struct frame *f);
/* Append one encoded frame to out. 0 or ERR_LIMIT. */
int frame_encode(struct buffer *out, const cJSON *head, const struct frame_blob *blobs, int blob_count, struct err *e);
/* Take one frame off the front of in: 1 and *f filled, 0 when more bytes are needed, ERR_PROTOCOL for bytes that are no frame. */
int frame_decode(struct frame *f, struct buffer *in, struct err *e);
/* Blocking forms for the worker: 1 a frame, 0 end of file, or an error. in keeps what was read beyond the frame. */
int frame_read(struct frame *f, int fd, struct buffer *in, struct err *e);
int frame_write(int fd, const cJSON *head, const struct frame_blob *blobs, int blob_count, struct err *e);
