#include "archive/repo.h"

#include <git2.h>
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/memory.h"
#include "base/text.h"

/*
 * Only blobs and trees are read: no hook, filter or command of the repository runs, so that a
 * repository of another user is read too. New objects go to a backend in memory: nothing is written
 * into anybody's repository.
 */
#define SOURCE_BYTES_MAX (16u << 20)
#define MAIL_BYTES_MAX (64u << 20)
/* Before the repository's own backends, so that it is asked first for writing. */
#define MEMORY_PRIORITY 999

static int start(struct err *e)
{
	if (git_libgit2_init() < 0)
		return err_set(e, ERR_UNSUPPORTED, "libgit2 does not start");
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	return 0;
}

static int failed(int code, const char *doing, struct err *e)
{
	const git_error *last = git_error_last();

	return err_set(e, code, "%s: %s", doing, last && last->message ? last->message : "unknown");
}

void repo_source_release(struct repo_source *s)
{
	if (!s)
		return;
	free(s->repo);
	free(s->commit);
	free(s->path);
	free(s->text);
	memset(s, 0, sizeof(*s));
}

/* ---- finding the repository and the path in it ---- */

/* libgit2 gives folders with a slash at the end. */
static char *without_slash(const char *path)
{
	size_t size = strlen(path);

	while (size > 1 && path[size - 1] == '/')
		size--;
	return text_copy_n(path, size);
}

/* The work tree of the repository, or its git folder when it has none. */
static char *root_of(git_repository *repo)
{
	const char *work = git_repository_workdir(repo);

	return without_slash(work ? work : git_repository_path(repo));
}

/* The absolute path of a file: its folder without symbolic links, for its name a link is kept. */
static char *absolute(const char *file)
{
	char *copy = text_copy(file);
	char *slash = strrchr(copy, '/');
	const char *name = slash ? slash + 1 : copy;
	char *folder, *out = NULL;

	if (slash)
		*slash = 0;
	folder = realpath(!slash ? "." : copy[0] ? copy : "/", NULL);
	if (folder && name[0])
		out = text_format("%s/%s", text_equal(folder, "/") ? "" : folder, name);
	free(folder);
	free(copy);
	return out;
}

/* What stands behind root in path; NULL when path is not below root. */
static const char *below(const char *path, const char *root)
{
	size_t size = strlen(root);

	if (strncmp(path, root, size) != 0 || path[size] != '/')
		return NULL;
	return path + size + 1;
}

static int open_around(git_repository **repo, const char *path, struct err *e)
{
	char *folder = text_copy(path);
	int rc = -1;

	/* The file's folder may be gone from the work tree: the nearest one that is there will do. */
	while (strrchr(folder, '/') && rc < 0) {
		*strrchr(folder, '/') = 0;
		rc = git_repository_open_ext(repo, folder[0] ? folder : "/", 0, NULL);
	}
	free(folder);
	if (rc < 0)
		return err_set(e, ERR_MISSING, "%s lies in no git repository", path);
	return 0;
}

static int open_named(git_repository **repo, const char *path, struct err *e)
{
	if (git_repository_open_ext(repo, path, 0, NULL) < 0)
		return err_set(e, ERR_MISSING, "%s is no git repository", path);
	return 0;
}

/* file as git names it: relative to the root, without ./ in front. */
static char *path_in(git_repository *repo, const char *file)
{
	char *root = root_of(repo), *real = realpath(root, NULL), *out;
	const char *inside = file[0] == '/' ? below(file, real ? real : root) : file;

	while (inside && inside[0] == '.' && inside[1] == '/')
		inside += 2;
	out = text_copy(inside);
	free(root);
	free(real);
	return out;
}

/* ---- reading ---- */

static int find_commit(git_commit **out, git_repository *repo, const char *rev, struct err *e)
{
	git_object *any = NULL, *commit = NULL;
	int rc = 0;

	if (git_revparse_single(&any, repo, rev) < 0
		|| git_object_peel(&commit, any, GIT_OBJECT_COMMIT) < 0)
		rc = err_set(e, ERR_MISSING, "there is no commit %s", rev);
	else
		*out = (git_commit *)commit;
	git_object_free(any);
	return rc;
}

/* The blob of a regular file; *mode is its file mode. */
static int find_blob(git_blob **out, git_filemode_t *mode, git_commit *commit, const char *path,
	struct err *e)
{
	git_tree *tree = NULL;
	git_tree_entry *entry = NULL;
	int rc = 0;

	if (git_commit_tree(&tree, commit) < 0)
		return failed(ERR_FORMAT, "tree", e);
	if (git_tree_entry_bypath(&entry, tree, path) < 0) {
		rc = err_set(e, ERR_MISSING, "there is no file %s in commit %.12s", path,
			git_oid_tostr_s(git_commit_id(commit)));
		goto out;
	}
	*mode = git_tree_entry_filemode(entry);
	if (*mode != GIT_FILEMODE_BLOB && *mode != GIT_FILEMODE_BLOB_EXECUTABLE)
		rc = err_set(e, ERR_ARGS, "%s is not a regular file in commit %.12s", path,
			git_oid_tostr_s(git_commit_id(commit)));
	else if (git_blob_lookup(out, git_commit_owner(commit), git_tree_entry_id(entry)) < 0)
		rc = failed(ERR_FORMAT, path, e);
out:
	git_tree_entry_free(entry);
	git_tree_free(tree);
	return rc;
}

static int check_text(const void *text, size_t size, const char *path, struct err *e)
{
	if (size > SOURCE_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "%s has %zu bytes, at most %u are read", path, size,
			SOURCE_BYTES_MAX);
	if (size > 0 && memchr(text, 0, size))
		return err_set(e, ERR_FORMAT, "%s is no text: it holds a NUL byte", path);
	return 0;
}

static int fill(struct repo_source *s, git_repository *repo, git_commit *commit, const char *path,
	struct err *e)
{
	git_filemode_t mode;
	git_blob *blob = NULL;
	int rc = find_blob(&blob, &mode, commit, path, e);
	size_t size = rc == 0 ? (size_t)git_blob_rawsize(blob) : 0;

	if (rc == 0)
		rc = check_text(git_blob_rawcontent(blob), size, path, e);
	if (rc == 0) {
		s->repo = root_of(repo);
		s->commit = text_copy(git_oid_tostr_s(git_commit_id(commit)));
		s->path = text_copy(path);
		s->text = text_copy_n(git_blob_rawcontent(blob), size);
		s->size = size;
	}
	git_blob_free(blob);
	return rc;
}

static int read_at(struct repo_source *s, git_repository *repo, const char *rev, const char *path,
	struct err *e)
{
	git_commit *commit = NULL;
	int rc = find_commit(&commit, repo, rev, e);

	if (rc == 0)
		rc = fill(s, repo, commit, path, e);
	git_commit_free(commit);
	return rc;
}

int repo_read(struct repo_source *out, const char *repo, const char *rev, const char *file,
	struct err *e)
{
	struct repo_source s = { 0 };
	git_repository *opened = NULL;
	char *full = NULL, *path = NULL;
	int rc = start(e);

	if (rc < 0)
		return rc;
	/* Below a folder that is gone, a path is taken as it stands. */
	full = repo && file[0] != '/' ? text_copy(file) : absolute(file);
	if (!full)
		full = text_copy(file);
	rc = repo ? open_named(&opened, repo, e) : open_around(&opened, full, e);
	if (rc < 0)
		goto out;
	path = path_in(opened, full);
	if (!path || !path[0])
		rc = err_set(e, ERR_MISSING, "%s lies outside of its repository", file);
	else
		rc = read_at(&s, opened, rev ? rev : "HEAD", path, e);
	if (rc == 0)
		*out = s;
	else if (repo)
		err_in(e, "%s", repo);
out:
	git_repository_free(opened);
	free(full);
	free(path);
	git_libgit2_shutdown();
	return rc;
}

/*
 * The file's HEAD in *s when it holds the same bytes; else *s stays empty. Nothing here is an
 * error.
 */
static void find_in_head(struct repo_source *s, const char *file, const char *text, size_t size)
{
	struct repo_source head = { 0 };

	if (repo_read(&head, NULL, NULL, file, NULL) == 0 && head.size == size
		&& memcmp(head.text, text, size) == 0)
		*s = head;
	else
		repo_source_release(&head);
}

int repo_read_file(struct repo_source *out, const char *file, struct err *e)
{
	struct repo_source s = { 0 };
	char *text = NULL;
	size_t size = 0;
	int rc = fdio_read_file(&text, &size, file, SOURCE_BYTES_MAX, e);

	if (rc == 0)
		rc = check_text(text, size, file, e);
	if (rc < 0) {
		free(text);
		return rc;
	}
	find_in_head(&s, file, text, size);
	if (s.repo) {
		free(text);
	} else {
		const char *slash = strrchr(file, '/');

		s.path = text_copy(slash ? slash + 1 : file);
		s.text = text;
		s.size = size;
	}
	*out = s;
	return 0;
}

/* ---- the mail ---- */

/*
 * A repository whose new objects stay in memory: the user's, or one of its own when there is none.
 */
static int open_overlay(git_repository **out, const char *repo, struct err *e)
{
	git_odb_backend *memory = NULL;
	git_odb *odb = NULL;
	int rc = 0;

	if (repo && (rc = open_named(out, repo, e)) < 0)
		return rc;
	if (repo ? git_repository_odb(&odb, *out) < 0 : git_odb_new(&odb) < 0)
		rc = failed(ERR_FORMAT, "objects", e);
	else if (git_mempack_new(&memory) < 0
		|| git_odb_add_backend(odb, memory, MEMORY_PRIORITY) < 0)
		rc = failed(ERR_FORMAT, "objects in memory", e);
	else if (!repo && git_repository_wrap_odb(out, odb) < 0)
		rc = failed(ERR_FORMAT, "repository in memory", e);
	git_odb_free(odb);
	return rc;
}

/* tree with path holding text; base may be NULL. */
static int make_tree(git_oid *out, git_repository *repo, git_tree *base, const char *path,
	const char *text, git_filemode_t mode, struct err *e)
{
	git_tree_update update = { .action = GIT_TREE_UPDATE_UPSERT, .filemode = mode, .path = path };

	if (git_blob_create_from_buffer(&update.id, repo, text, strlen(text)) < 0)
		return failed(ERR_FORMAT, "blob", e);
	if (git_tree_create_updated(out, repo, base, 1, &update) < 0)
		return failed(ERR_FORMAT, path, e);
	return 0;
}

static int make_commit(git_commit **out, git_repository *repo, const git_oid *tree_id,
	const git_commit *parent, const git_signature *by, const char *message, struct err *e)
{
	git_tree *tree = NULL;
	git_oid id;
	int rc = 0;

	if (git_tree_lookup(&tree, repo, tree_id) < 0
		|| git_commit_create(&id, repo, NULL, by, by, "UTF-8", message, tree, parent ? 1 : 0,
			&parent) < 0
		|| git_commit_lookup(out, repo, &id) < 0)
		rc = failed(ERR_FORMAT, "commit", e);
	git_tree_free(tree);
	return rc;
}

/* The commit that the patch applies to, and the mode of the file in it. */
static int find_base(git_commit **out, git_filemode_t *mode, git_repository *repo,
	const struct repo_source *source, const git_signature *by, struct err *e)
{
	git_blob *blob = NULL;
	git_oid tree;
	int rc;

	*mode = GIT_FILEMODE_BLOB;
	if (!source->repo || !source->commit) {
		rc = make_tree(&tree, repo, NULL, source->path, source->text, *mode, e);
		return rc < 0 ? rc : make_commit(out, repo, &tree, NULL, by, "base", e);
	}
	rc = find_commit(out, repo, source->commit, e);
	if (rc == 0)
		rc = find_blob(&blob, mode, *out, source->path, e);
	git_blob_free(blob);
	return rc;
}

/*
 * `git am` ends the message at a line that looks like a patch, splits the mailbox at "From ", and
 * takes headers at the start of the body for its own (git-mailinfo(1)). Such lines of ours are
 * quoted; blanks in front would not do, because libgit2 drops them from the first line.
 */
static bool looks_like_mail(const char *line)
{
	static const char *const starts[] = {
		"---", "diff -", "Index: ", "From ", "From:", "Date:", "Subject:", ">From", "-- ",
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (text_has_prefix(line, starts[i]))
			return true;
	}
	return text_equal(line, "--");
}

static void add_line(struct buffer *b, const char *line, size_t size)
{
	char *clean;

	if (size > 0 && line[size - 1] == '\r')
		size--;
	clean = text_printable(line, size, size);
	if (looks_like_mail(clean))
		buffer_add_text(b, "> ");
	buffer_add_text(b, clean);
	buffer_add_text(b, "\n");
	free(clean);
}

/*
 * One line for the subject, on which `git am` would cut off any [words] in front; then the body.
 * libgit2 puts the subject into the header as it is.
 */
static char *message_of(const char *subject, const char *body)
{
	struct buffer b;

	buffer_init(&b, MAIL_BYTES_MAX);
	while (*subject == '[' || *subject == ' ' || *subject == '\t')
		subject++;
	add_line(&b, subject, strcspn(subject, "\r\n"));
	buffer_add_text(&b, "\n");
	while (body && *body) {
		size_t size = strcspn(body, "\n");

		add_line(&b, body, size);
		body += size + (body[size] == '\n');
	}
	return buffer_take(&b);
}

/*
 * Mail loses carriage returns, so that a patch with them travels as a binary one, which `git am`
 * takes all the same.
 */
static int write_mail(char **mail, git_commit *commit, bool binary, struct err *e)
{
	git_email_create_options options = { .version = GIT_EMAIL_CREATE_OPTIONS_VERSION };
	git_buf made = { 0 };

	git_diff_options_init(&options.diff_opts, GIT_DIFF_OPTIONS_VERSION);
	git_diff_find_options_init(&options.diff_find_opts, GIT_DIFF_FIND_OPTIONS_VERSION);
	options.diff_opts.flags |= GIT_DIFF_SHOW_BINARY;
	if (binary)
		options.diff_opts.flags |= GIT_DIFF_FORCE_BINARY;
	if (git_email_create_from_commit(&made, commit, &options) < 0)
		return failed(ERR_FORMAT, "mail", e);
	*mail = text_copy_n(made.ptr, made.size);
	git_buf_dispose(&made);
	return 0;
}

static int patch_inside(char **mail, git_repository *repo, const struct repo_source *source,
	const char *new_text, const char *message, const git_signature *by, struct err *e)
{
	bool binary = strchr(source->text, '\r') || strchr(new_text, '\r');
	git_commit *base = NULL, *made = NULL;
	git_tree *base_tree = NULL;
	git_filemode_t mode;
	git_oid tree;
	int rc = find_base(&base, &mode, repo, source, by, e);

	if (rc == 0 && git_commit_tree(&base_tree, base) < 0)
		rc = failed(ERR_FORMAT, "tree", e);
	if (rc == 0)
		rc = make_tree(&tree, repo, base_tree, source->path, new_text, mode, e);
	if (rc == 0)
		rc = make_commit(&made, repo, &tree, base, by, message, e);
	if (rc == 0)
		rc = write_mail(mail, made, binary, e);
	git_tree_free(base_tree);
	git_commit_free(made);
	git_commit_free(base);
	return rc;
}

int repo_patch(char **mail, const struct repo_source *source, const char *new_text,
	const char *subject, const char *body, const char *author_name, const char *author_mail,
	struct err *e)
{
	git_repository *repo = NULL;
	git_signature *by = NULL;
	char *message;
	int rc;

	if (text_equal(source->text, new_text))
		return err_set(e, ERR_ARGS, "%s does not change: there is nothing to export",
			source->path);
	rc = start(e);
	if (rc < 0)
		return rc;
	message = message_of(subject, body);
	rc = open_overlay(&repo, source->commit ? source->repo : NULL, e);
	if (rc == 0 && git_signature_now(&by, author_name, author_mail) < 0)
		rc = failed(ERR_ARGS, "author", e);
	if (rc == 0)
		rc = patch_inside(mail, repo, source, new_text, message, by, e);
	git_signature_free(by);
	git_repository_free(repo);
	free(message);
	git_libgit2_shutdown();
	return rc;
}
