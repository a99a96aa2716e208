/*
 * repo.h - reading the user's file from git, and writing the winner as a patch. libgit2; the work tree is never touched.
 */
#pragma once

#include <stddef.h>

struct err;

/* A file at a commit. repo NULL: find the repository that holds path. */
struct repo_source {
	char *repo;            /* absolute path of the repository's work tree or git dir, NULL: the file is in no repository (or differs from HEAD); owned */
	char *commit;          /* 40 hex digits, NULL without a repository; owned */
	char *path;            /* relative to the repository's root, or the file's name; owned */
	char *text; size_t size;     /* owned */
};
/* rev NULL is HEAD. ERR_MISSING names what is missing: repository, commit, file. */
int repo_read(struct repo_source *out, const char *repo, const char *rev, const char *file, struct err *e);
/*
 * A plain file: where it lies in a repository whose HEAD holds the same bytes, that commit is named; otherwise repo and commit stay NULL.
 */
int repo_read_file(struct repo_source *out, const char *file, struct err *e);
void repo_source_release(struct repo_source *s);

/*
 * A mail that `git am` takes: the change from source->text to new_text of source->path, on top of source->commit (or of a commit that
 * holds only that file, made in a temporary bare repository, where there is none). subject: one line; body: the message. *mail is the caller's to free.
 */
int repo_patch(char **mail, const struct repo_source *source, const char *new_text, const char *subject, const char *body, const char *author_name, const char *author_mail, struct err *e);
