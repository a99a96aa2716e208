/*
 * toolchain.h - which compiler the boxes use: cc1, as and ld behind a gcc driver, what they need to
 * run, and what its -march=native means here. Found by running the trusted driver on trusted empty
 * input, once, outside of any box.
 */
#pragma once

#include <stddef.h>

#define TOOLCHAIN_PATH_MAX 512
#define TOOLCHAIN_DIRS_MAX 8
#define TOOLCHAIN_NATIVE_MAX 160

struct err;
struct toolchain {
	char version[256]; /* the first line of gcc --version */
	char cc1[TOOLCHAIN_PATH_MAX], as[TOOLCHAIN_PATH_MAX], ld[TOOLCHAIN_PATH_MAX];
	char include_dir
		[TOOLCHAIN_PATH_MAX]; /* the compiler's own headers: emmintrin.h and the like */
	char interpreter[TOOLCHAIN_PATH_MAX]; /* real path of ld-linux-x86-64.so.2 */
	char library_dirs[TOOLCHAIN_DIRS_MAX]
			 [TOOLCHAIN_PATH_MAX]; /* where the tools' libraries lie */
	int library_dir_count;
	char *native[TOOLCHAIN_NATIVE_MAX]; /* owned; what cc1 gets for -march=native */
	int native_count;
	char native_tune[64]; /* "-mtune=znver3", for -mtune=native */
};

/*
 * compiler: a gcc driver, by name or path; NULL is gcc. ERR_MISSING, ERR_UNSUPPORTED (clang),
 * ERR_SANDBOX.
 */
int toolchain_find(struct toolchain *out, const char *compiler, struct err *e);
void toolchain_release(struct toolchain *t);
