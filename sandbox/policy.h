/*
 * policy.h - the allow-lists of system calls that bubblewrap installs before the box program starts
 * (libseccomp).
 *
 * Default and wrong architecture: the process is killed. The strict tier's last filter is the box
 * program's own (box/strict.c).
 */
#pragma once

#include <stddef.h>

enum policy_kind { POLICY_COMPILE, POLICY_ZYGOTE };

struct err;
/* The BPF program as bytes for bwrap --seccomp; caller frees. 0 or ERR_SANDBOX. */
int policy_program(void **out, size_t *bytes, enum policy_kind kind, struct err *e);
/* "2.5.4" */
void policy_library_version(char out[32]);
