/*
 * include_files.h - the header files that a compile box gets: ours (p/...) and the problem's
 * (i/...), as files of a plan.
 */
#pragma once

#define INCLUDE_FILES_MAX 64
#define INCLUDE_FILES_BYTES_MAX (1u << 20)

struct buffer;
struct err;
/*
 * Append our embedded headers and the regular files directly in folder (NULL: none) and count them.
 */
int include_files_add(struct buffer *files, unsigned *count, const char *folder, struct err *e);
