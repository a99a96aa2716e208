#include "sandbox/include_files.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/fdio.h"
#include "sandbox/compile_plan.h"

extern const char headers_embed_start[];

static int add_file(struct buffer *files, unsigned *count, const char *name, const char *bytes,
	size_t size, struct err *e)
{
	if (*count == INCLUDE_FILES_MAX || files->size + size > INCLUDE_FILES_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d header files or %u KB of them",
			INCLUDE_FILES_MAX, INCLUDE_FILES_BYTES_MAX >> 10);
	compile_plan_add_text(files, name);
	compile_plan_add_block(files, bytes, size);
	*count += 1;
	return 0;
}

static int add_own(struct buffer *files, unsigned *count, struct err *e)
{
	int rc = 0;

	for (const char *at = headers_embed_start; *at && rc == 0;) {
		char name[128];
		uint32_t size;
		snprintf(name, sizeof name, "p/%s", at);
		at += strlen(at) + 1;
		memcpy(&size, at, sizeof size);
		rc = add_file(files, count, name, at + sizeof size, size, e);
		at += sizeof size + size;
	}
	return rc;
}

static int add_entry(
	struct buffer *files, unsigned *count, const char *folder, const char *entry, struct err *e)
{
	char path[4096], name[300], *bytes = NULL;
	struct stat st;
	size_t size;

	if (snprintf(path, sizeof path, "%s/%s", folder, entry) >= (int)sizeof path ||
		stat(path, &st))
		return err_errno(e, ERR_IO, "include folder %s: %s", folder, entry);
	if (!S_ISREG(st.st_mode))
		return 0;
	int rc = fdio_read_file(&bytes, &size, path, INCLUDE_FILES_BYTES_MAX, e);
	snprintf(name, sizeof name, "i/%s", entry);
	if (rc == 0)
		rc = add_file(files, count, name, bytes, size, e);
	free(bytes);
	return rc;
}

int include_files_add(struct buffer *files, unsigned *count, const char *folder, struct err *e)
{
	int rc = add_own(files, count, e);

	if (rc < 0 || !folder)
		return rc;
	DIR *d = opendir(folder);
	if (!d)
		return err_errno(e, ERR_MISSING, "include folder %s", folder);
	for (struct dirent *entry; rc == 0 && (entry = readdir(d)) != NULL;)
		if (entry->d_name[0] != '.')
			rc = add_entry(files, count, folder, entry->d_name, e);
	closedir(d);
	return rc;
}
