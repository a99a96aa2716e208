/*
 * boxes.h - what tests of the sandbox share: one open sandbox and run box per program, and
 * compiling with a standard adapter.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sandbox/compile_box.h"
#include "sandbox/run_box.h"

/* Group fixtures for cmocka_run_group_tests. */
int boxes_open(void **state);
int boxes_open_with_attack_h(void **state); /* tests/escape/programs/include is searched */
int boxes_close(void **state);
struct sandbox *boxes_sandbox(void);
struct run_box *boxes_run_box(void);

/*
 * A request at -O2 with one layout; adapter NULL: the source defines clade_call itself. Texts are
 * borrowed.
 */
struct compile_request boxes_request(const char *source, const char *adapter);
/* Compile; fails the test when our side fails. */
void boxes_compile(struct compile_result *out, const struct compile_request *request);
/* Compile and expect an image; fails the test with the diagnostics otherwise. */
int boxes_image(const char *source, const char *adapter);

/* A spec with regions of 64 KB, no imports, no arena, blocking and unpinned. */
struct run_spec boxes_spec(int image);
/* Start and expect READY. */
struct run_child *boxes_start(const struct run_spec *spec);
/*
 * One call at offset 0 with a limit of one second; 8 bytes are copied out. Fails the test when our
 * side fails.
 */
enum sandbox_outcome boxes_call(struct run_child *c, double *value);
