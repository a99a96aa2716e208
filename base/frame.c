#include "base/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/memory.h"

/* Offsets in a frame: the four fixed words, then one word a blob, then the head. */
enum { AT_MAGIC = 0, AT_LENGTH = 4, AT_HEAD = 8, AT_COUNT = 12, AT_SIZES = 16, PREFIX_BYTES = 8 };

#define CHUNK_BYTES 65536

static const char magic[4] = { 'C', 'L', 'F', '1' };

static uint32_t load_word(const char *at)
{
	uint8_t b[4];

	memcpy(b, at, sizeof(b));
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static int add_word(struct buffer *out, uint32_t word)
{
	uint8_t b[4];

	for (int i = 0; i < 4; i++)
		b[i] = (uint8_t)(word >> 8 * i);
	return buffer_add(out, b, sizeof(b));
}

void frame_release(struct frame *f)
{
	if (!f)
		return;
	cJSON_Delete(f->head);
	free(f->bytes);
	*f = (struct frame){ 0 };
}

/* The word "bytes that follow", or ERR_LIMIT. */
static int64_t following_bytes(size_t head_size, const struct frame_blob *blobs, int blob_count,
	struct err *e)
{
	size_t total = AT_SIZES - PREFIX_BYTES + 1;

	if (blob_count < 0 || blob_count > FRAME_BLOBS_MAX)
		return err_set(e, ERR_LIMIT, "frame: %d blobs of at most %d", blob_count,
			FRAME_BLOBS_MAX);
	total += 4 * (size_t)blob_count;
	for (int i = -1; i < blob_count; i++) {
		size_t part = i < 0 ? head_size : blobs[i].size;

		if (part > FRAME_BYTES_MAX - total)
			return err_set(e, ERR_LIMIT, "frame: over %u bytes", FRAME_BYTES_MAX);
		total += part;
	}
	return (int64_t)total;
}

static int add_frame(struct buffer *out, uint32_t following, const char *head, size_t head_size,
	const struct frame_blob *blobs, int blob_count)
{
	buffer_add(out, magic, sizeof(magic));
	add_word(out, following);
	add_word(out, (uint32_t)head_size);
	add_word(out, (uint32_t)blob_count);
	for (int i = 0; i < blob_count; i++)
		add_word(out, (uint32_t)blobs[i].size);
	buffer_add(out, head, head_size);
	for (int i = 0; i < blob_count; i++)
		buffer_add(out, blobs[i].bytes, blobs[i].size);
	return buffer_add(out, "\n", 1);
}

int frame_encode(struct buffer *out, const cJSON *head, const struct frame_blob *blobs,
	int blob_count, struct err *e)
{
	char *text = json_text(head);
	size_t text_size = strlen(text);
	int64_t following = following_bytes(text_size, blobs, blob_count, e);
	int rc = 0;

	/* All or nothing: half a frame in out would garble the stream. */
	if (following < 0)
		rc = (int)following;
	else if (out->size > out->max || (size_t)following + PREFIX_BYTES > out->max - out->size)
		rc = err_set(e, ERR_LIMIT, "frame: send buffer full at %zu bytes", out->size);
	else
		rc = add_frame(out, (uint32_t)following, text, text_size, blobs, blob_count);
	free(text);
	return rc;
}

static int refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_PROTOCOL, "frame: %s", why);
}

/* A whole frame at the front? 1 and its bytes in *total, 0 not yet, ERR_PROTOCOL never. */
static int find_whole(size_t *total, const struct buffer *in, struct err *e)
{
	size_t seen = in->size < sizeof(magic) ? in->size : sizeof(magic);
	uint32_t following;

	if (seen > 0 && memcmp(in->bytes, magic, seen) != 0)
		return refuse(e, "wrong magic");
	if (in->size < PREFIX_BYTES)
		return 0;
	following = load_word(in->bytes + AT_LENGTH);
	if (following < AT_SIZES - PREFIX_BYTES + 1 || following > FRAME_BYTES_MAX)
		return refuse(e, "impossible length");
	*total = (size_t)following + PREFIX_BYTES;
	return in->size >= *total;
}

/* Point the blobs into bytes. The sizes must fill the frame exactly. Returns the head's offset. */
static int64_t take_blobs(struct frame *f, const char *bytes, size_t total, struct err *e)
{
	size_t head_size = load_word(bytes + AT_HEAD);
	uint32_t count = load_word(bytes + AT_COUNT);
	size_t head_at, at;

	if (count > FRAME_BLOBS_MAX)
		return refuse(e, "too many blobs");
	head_at = AT_SIZES + 4 * (size_t)count;
	if (head_at + head_size >= total)
		return refuse(e, "the head is longer than the frame");
	at = head_at + head_size;
	for (uint32_t i = 0; i < count; i++) {
		size_t size = load_word(bytes + AT_SIZES + 4 * i);

		if (size >= total - at)
			return refuse(e, "a blob is longer than the frame");
		f->blobs[i] = (struct frame_blob){ bytes + at, size };
		at += size;
	}
	f->blob_count = (int)count;
	if (at + 1 != total || bytes[at] != '\n')
		return refuse(e, "its parts do not fill it up to a newline");
	return (int64_t)head_at;
}

static int parse_whole(struct frame *f, size_t total, struct err *e)
{
	int64_t head_at;

	if (total < AT_SIZES + 1)
		return refuse(e, "too short");
	head_at = take_blobs(f, f->bytes, total, e);
	if (head_at < 0)
		return (int)head_at;
	if (json_parse(&f->head, f->bytes + head_at, load_word(f->bytes + AT_HEAD), e) < 0) {
		err_in(e, "frame head");
		return e ? e->code = ERR_PROTOCOL : ERR_PROTOCOL;
	}
	if (!cJSON_IsObject(f->head))
		return refuse(e, "the head is no object");
	return 1;
}

int frame_decode(struct frame *f, struct buffer *in, struct err *e)
{
	struct frame made = { 0 };
	size_t total = 0;
	int rc = find_whole(&total, in, e);

	if (rc <= 0)
		return rc;
	made.bytes = memory_copy(in->bytes, total);
	rc = parse_whole(&made, total, e);
	if (rc < 0) {
		frame_release(&made);
		return rc;
	}
	buffer_drop_front(in, total);
	*f = made;
	return 1;
}

/* 1 bytes came, 0 end of file. */
static int read_more(int fd, struct buffer *in, struct err *e)
{
	char chunk[CHUNK_BYTES];
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof(chunk));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(e, ERR_IO, "frame: read");
	if (n > 0 && buffer_add(in, chunk, (size_t)n) < 0)
		return err_set(e, ERR_LIMIT, "frame: receive buffer full at %zu bytes", in->size);
	return n > 0;
}

int frame_read(struct frame *f, int fd, struct buffer *in, struct err *e)
{
	for (;;) {
		int rc = frame_decode(f, in, e);

		if (rc != 0)
			return rc;
		rc = read_more(fd, in, e);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return in->size ? refuse(e, "the stream ended inside it") : 0;
	}
}

int frame_write(int fd, const cJSON *head, const struct frame_blob *blobs, int blob_count,
	struct err *e)
{
	struct buffer out;
	int rc;

	buffer_init(&out, (size_t)FRAME_BYTES_MAX + PREFIX_BYTES);
	rc = frame_encode(&out, head, blobs, blob_count, e);
	if (rc == 0)
		rc = fdio_write_all(fd, out.bytes, out.size, e);
	buffer_release(&out);
	return rc;
}
