#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/frame.h"
#include "base/json.h"
#include "base/memory.h"

static void encode_sample(struct buffer *out)
{
	static const char blob[] = "a\nb\0c";
	struct frame_blob blobs[] = { { blob, sizeof(blob) }, { NULL, 0 }, { "xyz", 3 } };
	cJSON *head = cJSON_CreateObject();

	json_put_text(head, "type", "job");
	assert_int_equal(frame_encode(out, head, blobs, 3, NULL), 0);
	cJSON_Delete(head);
}

static void assert_is_sample(const struct frame *f)
{
	assert_string_equal(json_text_or(f->head, "type", ""), "job");
	assert_int_equal(f->blob_count, 3);
	assert_int_equal(f->blobs[0].size, 6);
	assert_memory_equal(f->blobs[0].bytes, "a\nb\0c\0", 6);
	assert_int_equal(f->blobs[1].size, 0);
	assert_memory_equal(f->blobs[2].bytes, "xyz", 3);
}

static void the_bytes_are_those_of_the_header(void **state)
{
	static const char expected[] = "CLF1\x16\0\0\0\x07\0\0\0\x01\0\0\0\x02\0\0\0{\"a\":1}hi\n";
	struct frame_blob blob = { "hi", 2 };
	cJSON *head = cJSON_CreateObject();
	struct buffer out;

	(void)state;
	buffer_init(&out, 1000);
	json_put_i64(head, "a", 1);
	assert_int_equal(frame_encode(&out, head, &blob, 1, NULL), 0);
	assert_int_equal(out.size, sizeof(expected) - 1);
	assert_memory_equal(out.bytes, expected, out.size);
	cJSON_Delete(head);
	buffer_release(&out);
}

static void frames_come_out_one_by_one_whatever_the_pieces(void **state)
{
	struct buffer whole, in;
	int frames = 0;

	(void)state;
	buffer_init(&whole, 10000);
	buffer_init(&in, 10000);
	encode_sample(&whole);
	encode_sample(&whole);
	for (size_t i = 0; i < whole.size; i++) {
		struct frame f = { 0 };
		int rc;

		buffer_add(&in, whole.bytes + i, 1);
		rc = frame_decode(&f, &in, NULL);
		assert_int_equal(rc, i + 1 == whole.size / 2 || i + 1 == whole.size);
		if (rc == 1)
			assert_is_sample(&f);
		frames += rc;
		frame_release(&f);
	}
	assert_int_equal(frames, 2);
	assert_int_equal(in.size, 0);
	buffer_release(&whole);
	buffer_release(&in);
}

static void every_damaged_prefix_byte_is_refused_or_waits(void **state)
{
	struct buffer whole;

	(void)state;
	buffer_init(&whole, 10000);
	encode_sample(&whole);
	for (size_t i = 0; i < 28; i++) {
		struct frame f = { 0 };
		struct buffer in;
		int rc;

		buffer_init(&in, 10000);
		buffer_add(&in, whole.bytes, whole.size);
		in.bytes[i] ^= 0x41;
		rc = frame_decode(&f, &in, NULL);
		assert_true(rc == ERR_PROTOCOL || (rc == 0 && i >= 4 && i < 8));
		assert_null(f.head);
		buffer_release(&in);
	}
	buffer_release(&whole);
}

static void refused(const char *bytes, size_t size)
{
	struct err e = { 0 };
	struct frame f = { 0 };
	struct buffer in;

	buffer_init(&in, 1000);
	buffer_add(&in, bytes, size);
	assert_int_equal(frame_decode(&f, &in, &e), ERR_PROTOCOL);
	assert_int_equal(e.code, ERR_PROTOCOL);
	buffer_release(&in);
}

static void a_hostile_peer_is_refused(void **state)
{
	(void)state;
	/* at the first wrong byte */
	refused("X", 1);
	/* 4 GB announced */
	refused("CLF1\xff\xff\xff\xff", 8);
	refused("CLF1\0\0\0\0", 8);
	/* head size would wrap */
	refused("CLF1\x09\0\0\0\xff\xff\xff\xff\0\0\0\0\n", 17);
	/* blob count */
	refused("CLF1\x0b\0\0\0\x02\0\0\0\xff\xff\xff\x7f{}\n", 19);
	/* blob size */
	refused("CLF1\x0f\0\0\0\x02\0\0\0\x01\0\0\0\xff\xff\xff\xff{}\n", 23);
	/* no newline */
	refused("CLF1\x0b\0\0\0\x02\0\0\0\0\0\0\0{}x", 19);
	/* a byte that belongs to nobody */
	refused("CLF1\x0c\0\0\0\x02\0\0\0\0\0\0\0{}z\n", 20);
	/* the head is no object */
	refused("CLF1\x0b\0\0\0\x02\0\0\0\0\0\0\0[]\n", 19);
	refused("CLF1\x0b\0\0\0\x02\0\0\0\0\0\0\0{x\n", 19);
}

static void too_much_is_refused_and_leaves_the_buffer_whole(void **state)
{
	struct frame_blob blobs[FRAME_BLOBS_MAX + 1] = { { NULL, 0 } };
	cJSON *head = cJSON_CreateObject();
	struct buffer out;

	(void)state;
	buffer_init(&out, 40);
	assert_int_equal(frame_encode(&out, head, blobs, FRAME_BLOBS_MAX + 1, NULL), ERR_LIMIT);
	blobs[0] = (struct frame_blob){ "", FRAME_BYTES_MAX };
	assert_int_equal(frame_encode(&out, head, blobs, 1, NULL), ERR_LIMIT);
	blobs[0].size = SIZE_MAX;
	assert_int_equal(frame_encode(&out, head, blobs, 1, NULL), ERR_LIMIT);
	blobs[0] = (struct frame_blob){ "0123456789abcdefgh", 18 };
	assert_int_equal(frame_encode(&out, head, blobs, 1, NULL), ERR_LIMIT);
	assert_int_equal(out.size, 0);
	assert_int_equal(frame_encode(&out, head, NULL, 0, NULL), 0);
	assert_int_equal(frame_encode(&out, head, NULL, 0, NULL), 0);
	assert_int_equal(out.size, 38);
	cJSON_Delete(head);
	buffer_release(&out);
}

/* A megabyte through a pipe whose writer is another process: more than the pipe holds. */
static void a_pipe_carries_frames_until_its_end(void **state)
{
	size_t size = 1 << 20;
	char *bytes = memory_alloc(size);
	struct frame_blob blob = { bytes, size };
	struct frame f = { 0 };
	struct buffer in;
	int ends[2], status;
	pid_t pid;

	(void)state;
	memset(bytes, 'q', size);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		cJSON *head = cJSON_CreateObject();

		close(ends[0]);
		_exit(frame_write(ends[1], head, &blob, 1, NULL)
			|| frame_write(ends[1], head, &blob, 1, NULL)
			|| write(ends[1], "CLF1", 4) != 4);
	}
	close(ends[1]);
	buffer_init(&in, FRAME_BYTES_MAX);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(frame_read(&f, ends[0], &in, NULL), 1);
		assert_int_equal(f.blobs[0].size, size);
		assert_memory_equal(f.blobs[0].bytes, bytes, size);
		frame_release(&f);
	}
	/* The writer was cut off inside a frame. */
	assert_int_equal(frame_read(&f, ends[0], &in, NULL), ERR_PROTOCOL);
	buffer_clear(&in);
	assert_int_equal(frame_read(&f, ends[0], &in, NULL), 0);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	close(ends[0]);
	buffer_release(&in);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_those_of_the_header),
		cmocka_unit_test(frames_come_out_one_by_one_whatever_the_pieces),
		cmocka_unit_test(every_damaged_prefix_byte_is_refused_or_waits),
		cmocka_unit_test(a_hostile_peer_is_refused),
		cmocka_unit_test(too_much_is_refused_and_leaves_the_buffer_whole),
		cmocka_unit_test(a_pipe_carries_frames_until_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
