/*
 * compile_box.h - the compiler over hostile text, in a bubblewrap of its own, once per call.
 *
 *   source ──memfd──▶ box: cc1 → as → ld (→ ld per further layout) ──memfds──▶ images, sealed
 *
 * The box sees a read-only toolchain, the include folder at /i, its own small headers (stdint.h, stddef.h, ...) and a tmpfs; no /etc, /proc, /home,
 * no network, no host file. An image is a stripped shared object: opaque bytes to everybody but the loader in the run box.
 * Command lines are built from struct compile_request only, never from candidate text.
 */
#pragma once

#include "sandbox/sandbox.h"

#define COMPILE_SOURCE_MAX (256u << 10)      /* bytes of candidate text */
#define COMPILE_IMAGE_MAX (4u << 20)         /* bytes of an image */
#define COMPILE_DIAGNOSTICS_MAX 4096         /* bytes kept; the box is killed at 4 MB */
#define COMPILE_LAYOUTS_MAX 16
#define COMPILE_UNITS_MAX 8
#define COMPILE_FLAGS_MAX 32

/* A trusted file of the problem: the adapter or a support file, compiled beside the candidate. */
struct compile_unit {
	const char *name;        /* "adapter.c": a plain file name, unique in the request; the candidate is "candidate.c" */
	const char *text;
	size_t size;
};

struct compile_request {
	const char *source;
	size_t source_bytes;
	bool candidate_included; /* true: the candidate is not a unit of its own; a unit includes it with #include CLADE_CANDIDATE */
	struct compile_unit units[COMPILE_UNITS_MAX];
	int unit_count;
	const char *flags[COMPILE_FLAGS_MAX]; /* for cc1, trusted: "-O3", "-march=native", "-ffp-contract=off", ...; NULL ends */
	/*
	 * Layouts: image 0 is the canonical one, padded by layouts[0]; further ones differ only in where code stands: the
	 * code of the candidate starts layouts[i] bytes later (a multiple of 64 below 4096).
	 */
	uint32_t layouts[COMPILE_LAYOUTS_MAX];
	int layout_count;        /* at least 1 */
	int64_t wall_limit_ns;   /* 0: the default of 15 s */
};

struct compile_result {
	enum sandbox_outcome outcome;
	int images[COMPILE_LAYOUTS_MAX]; /* owned sealed memfds, -1 where absent */
	int image_count;
	size_t image_bytes;      /* of image 0 */
	size_t code_bytes;       /* executable section bytes of the candidate's own object (of the including unit where candidate_included), read inside the box */
	size_t data_bytes;       /* its initialised and zeroed data */
	int64_t wall_ns, cpu_ns; /* of the whole box; of the tools in it */
	size_t peak_bytes;
	char diagnostics[COMPILE_DIAGNOSTICS_MAX]; /* control bytes replaced; the candidate stands as "candidate.c" in it. Its text is candidate-controlled */
};

/*
 * 0 when the box did its work, whatever the outcome was; ERR_SANDBOX when our side failed; ERR_ARGS for a bad request.
 * Identical requests give identical images (fixed names, no build id, no date), unless the text uses __DATE__ and the like, which are pinned.
 */
int compile_box_run(struct compile_result *out, struct sandbox *s, const struct compile_request *request, struct err *e);
void compile_result_release(struct compile_result *r);
