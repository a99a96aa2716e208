#include "orchestrator/fingerprint.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/text.h"

#define DEPTH_MAX 8

static const char *const left_out[] = { ".*", "*.clade*", "README*", "campaign.yaml", "seed.c", "reference", NULL };

static int counts(const struct dirent *entry)
{
	for (int i = 0; left_out[i] != NULL; i++)
		if (fnmatch(left_out[i], entry->d_name, 0) == 0)
			return 0;
	return 1;
}

struct walk { struct buffer *lines; int files; };

static int add_file(struct walk *w, const char *path, const char *name, struct err *e)
{
	char *bytes = NULL;
	char hex[HASH_HEX];
	size_t size = 0;
	struct hash h;
	int rc;

	if (++w->files > FINGERPRINT_FILES_MAX)
		return err_set(e, ERR_LIMIT, "%s: more than %d files in the problem's folder", path, FINGERPRINT_FILES_MAX);
	rc = fdio_read_file(&bytes, &size, path, FINGERPRINT_BYTES_MAX, e);
	if (rc < 0)
		return rc;
	h = hash_plain(bytes, size);
	hash_hex(hex, &h);
	free(bytes);
	return buffer_format(w->lines, "%s %s\n", hex, name);
}

static int add_folder(struct walk *w, const char *dir, const char *prefix, int depth, struct err *e)
{
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, counts, alphasort);
	int rc = 0;

	if (count < 0)
		return err_errno(e, ERR_IO, "%s", dir);
	for (int i = 0; i < count; i++) {
		char *path = text_format("%s/%s", dir, entries[i]->d_name);
		char *name = text_format("%s%s", prefix, entries[i]->d_name);
		char *below = text_format("%s/", name);
		struct stat st;

		if (rc >= 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
			rc = add_file(w, path, name, e);
		else if (rc >= 0 && depth < DEPTH_MAX && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			rc = add_folder(w, path, below, depth + 1, e);
		free(below);
		free(name);
		free(path);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int fingerprint_problem(struct hash *out, const char *dir, struct err *e)
{
	struct buffer lines;
	struct walk w = { .lines = &lines };
	int rc;

	buffer_init(&lines, (size_t)FINGERPRINT_FILES_MAX * 512);
	rc = add_folder(&w, dir, "", 0, e);
	if (rc >= 0)
		*out = hash_plain(lines.bytes, lines.size);
	buffer_release(&lines);
	return rc < 0 ? rc : 0;
}
