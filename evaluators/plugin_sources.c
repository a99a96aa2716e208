#include "evaluators/plugin_sources.h"

#include <fnmatch.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/hash.h"
#include "base/text.h"

/* What the walk has met so far. */
struct sources {
	const char *dir;
	int count;
	long long bytes;
};

/* The name of a cached object must not depend on the order in which the file system lists names. */
static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static FTS *open_walk(const char *dir, struct err *e)
{
	char *roots[] = { (char *)(uintptr_t)dir, NULL };
	FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);

	if (!walk)
		err_errno(e, ERR_IO, "%s", dir);
	return walk;
}

/*
 * The next regular file that this process, and so its compiler, can read; NULL at the end. A link
 * that leads back above itself is a cycle, and fts does not enter it again.
 */
static FTSENT *next_file(FTS *walk)
{
	FTSENT *entry;

	while ((entry = fts_read(walk)) != NULL) {
		if (entry->fts_info == FTS_D && strcmp(entry->fts_name, ".git") == 0)
			fts_set(walk, entry, FTS_SKIP);
		else if (entry->fts_info == FTS_F && strcmp(entry->fts_name, ".git") != 0 &&
			fnmatch("*.clade*", entry->fts_name, 0) != 0 &&
			access(entry->fts_accpath, R_OK) == 0)
			return entry;
	}
	return NULL;
}

static int add_file(struct buffer *all, struct sources *s, const FTSENT *entry, struct err *e)
{
	char *text = NULL, hex[HASH_HEX];
	struct hash h;
	size_t size;
	int rc;

	s->bytes += (long long)entry->fts_statp->st_size;
	if (++s->count > PLUGIN_SOURCES_MAX || s->bytes > PLUGIN_SOURCES_BYTES_MAX)
		return err_set(e, ERR_LIMIT,
			"%s holds more than %d files or %lld MB: keep only the problem in its folder",
			s->dir, PLUGIN_SOURCES_MAX, PLUGIN_SOURCES_BYTES_MAX >> 20);
	rc = fdio_read_file(&text, &size, entry->fts_path, PLUGIN_SOURCES_BYTES_MAX, e);
	if (rc < 0)
		return rc;
	h = hash_plain(text, size);
	hash_hex(hex, &h);
	free(text);
	return buffer_format(all, "%s %zu %s\n", entry->fts_path, size, hex);
}

int plugin_sources_add(struct buffer *all, const char *dir, struct err *e)
{
	struct sources s = { .dir = dir };
	FTS *walk = open_walk(dir, e);
	FTSENT *entry;
	int rc = 0;

	if (!walk)
		return ERR_IO;
	while (rc == 0 && (entry = next_file(walk)) != NULL)
		rc = add_file(all, &s, entry, e);
	fts_close(walk);
	return rc;
}

static bool later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* The seed, the adapter and the references are read anew by every campaign: the object is not made
 * of them. */
static bool is_compiled(const FTSENT *entry)
{
	return fnmatch("*.h", entry->fts_name, 0) == 0 ||
		(entry->fts_level == 1 && text_equal(entry->fts_name, "evaluator.c"));
}

bool plugin_sources_newer(const char *dir, const struct timespec *than)
{
	FTS *walk = open_walk(dir, NULL);
	bool newer = !walk;
	FTSENT *entry;

	while (!newer && (entry = next_file(walk)) != NULL)
		newer = is_compiled(entry) && later(&entry->fts_statp->st_mtim, than);
	if (walk)
		fts_close(walk);
	return newer;
}
