#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/repo.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/json.h"
#include "base/text.h"
#include "orchestrator/arguments.h"
#include "orchestrator/command.h"
#include "orchestrator/confirmation.h"
#include "orchestrator/patch_message.h"

extern const struct command command_export;

struct request {
	const char *patch;
	bool force, json;
	struct viewer viewer;
	struct archive_program winner, seed;
	struct confirmation confirmation;
	bool stored; /* the archive keeps the confirmation */
};

/* ---- what may be exported ---- */

static int refuse(const struct request *q, const char *why)
{
	char name[VIEWER_SHORT], *text;
	cJSON *o;

	viewer_short(name, &q->winner.name);
	if (q->json) {
		o = viewer_json(&q->viewer, &q->winner);
		json_put_text(o, "patch", NULL);
		json_put_text(o, "refused", why);
		text = json_pretty(o);
		puts(text);
		free(text);
		cJSON_Delete(o);
	}
	return command_fail("export", COMMAND_REFUSED, "%s is not exported: %s", name, why);
}

/*
 * Sources alike: what is better then lies in the flags, and they belong into a build file, not into
 * a patch of the source.
 */
static int advise(const struct request *q)
{
	char score[128], *why;
	int status;

	viewer_score(score, &q->viewer, &q->winner);
	why = text_format(
		"the win lies in the compiler's flags alone; build advice: compile the seed with %s beside the target's flags (%s %s on the search's "
		"inputs)",
		q->winner.flags ? q->winner.flags : "[]", viewer_fitness(&q->viewer)->name, score);
	status = refuse(q, why);
	free(why);
	return status;
}

/*
 * ARGUMENTS_GO_ON, or the status of a refusal. --force does not help: there is nothing to put into
 * a patch.
 */
static int check_winner(const struct request *q)
{
	if (strcmp(q->winner.verdict, "ok") != 0)
		return refuse(q, q->winner.reason ? q->winner.reason : q->winner.verdict);
	if (q->winner.proposal == 0)
		return refuse(q, "it is the seed");
	if (q->winner.source_bytes == q->seed.source_bytes &&
		memcmp(q->winner.source, q->seed.source, q->seed.source_bytes) == 0)
		return advise(q);
	return ARGUMENTS_GO_ON;
}

/* ---- confirming ---- */

/* A campaign that runs is not disturbed: then the confirmation is told, not kept. */
static int store(struct request *q, const char *path, struct err *e)
{
	cJSON *json = confirmation_json(&q->confirmation, viewer_fitness(&q->viewer));
	struct archive *a = NULL;
	struct err busy = { 0 };
	char *text = json_text(json);
	int rc = archive_open(&a, path, ARCHIVE_WRITE, &busy);

	if (rc >= 0) {
		rc = archive_set_holdout(a, q->winner.id, text, e);
		q->stored = rc >= 0;
	} else if (rc == ERR_BUSY) {
		fprintf(stderr,
			"clade export: the campaign runs (process %d), so the confirmation is not kept in its file\n",
			archive_holder(path));
		rc = 0;
	} else if (rc == ERR_IO) {
		fprintf(stderr, "clade export: the confirmation is not kept in the campaign's file: %s\n", busy.text);
		rc = 0;
	} else {
		rc = err_set(e, busy.code, "%s", busy.text);
	}
	archive_close(a);
	cJSON_Delete(json);
	free(text);
	return rc;
}

/* ---- writing ---- */

static int read_meta(char **out, struct request *q, const char *name, struct err *e)
{
	return archive_meta(out, q->viewer.archive, name, e);
}

/*
 * The user's file at its commit. A repository that is gone leaves the path, and a patch that
 * applies by its text.
 */
static int read_source(struct repo_source *out, struct request *q, struct err *e)
{
	char *repo = NULL, *commit = NULL, *path = NULL;
	struct err why = { 0 };
	int rc = read_meta(&repo, q, "source_repo", e);

	if (rc >= 0)
		rc = read_meta(&commit, q, "source_commit", e);
	if (rc >= 0)
		rc = read_meta(&path, q, "source_path", e);
	if (rc >= 0 && repo && commit && repo_read(out, repo, commit, path, &why) < 0)
		fprintf(stderr, "clade export: %s; the patch is made without its repository\n",
			why.text);
	if (rc >= 0 && !out->text) {
		out->path = text_copy(path ? path : "seed.c");
		out->text = text_copy_n(q->seed.source, q->seed.source_bytes);
		out->size = q->seed.source_bytes;
	}
	free(repo);
	free(commit);
	free(path);
	return rc < 0 ? rc : 0;
}

static const char *author(const char *variable, const char *fallback)
{
	const char *value = getenv(variable);

	return value && *value ? value : fallback;
}

/*
 * Where the patch goes: "-" is standard output, a pipe or device is written to, and of regular files only an older patch is replaced: the campaign
 * itself, or the user's source, is one slip of the keyboard away.
 */
static int check_target(const char *path, struct err *e)
{
	struct stat st;
	char head[5] = "";
	FILE *f;

	if (strcmp(path, "-") == 0 || stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	f = fopen(path, "r");
	if (f != NULL) {
		if (fread(head, 1, 4, f) != 4)
			head[0] = '\0';
		fclose(f);
	}
	if (memcmp(head, "From", 4) == 0)
		return 0;
	return err_set(e, ERR_ARGS, "%s exists and is no patch; it is not overwritten: give another name to --patch", path);
}

static int write_target(const char *path, const char *mail, struct err *e)
{
	struct stat st;
	FILE *f;
	int rc = 0;

	if (strcmp(path, "-") == 0)
		return fputs(mail, stdout) < 0 ? err_errno(e, ERR_IO, "standard output") : 0;
	if (lstat(path, &st) < 0 || S_ISREG(st.st_mode))
		return fdio_write_file(path, mail, strlen(mail), e);
	f = fopen(path, "w");
	if (f == NULL)
		return err_errno(e, ERR_IO, "%s", path);
	if (fputs(mail, f) < 0)
		rc = err_errno(e, ERR_IO, "%s", path);
	if (fclose(f) != 0 && rc == 0)
		rc = err_errno(e, ERR_IO, "%s", path);
	return rc;
}

static int write_patch(struct request *q, struct err *e)
{
	bool forced = !q->confirmation.confirmed || q->confirmation.flags_alone;
	struct repo_source source = { .text = NULL };
	char *subject = NULL, *body = NULL, *mail = NULL;
	int rc = read_source(&source, q, e);

	if (rc < 0)
		return rc;
	subject = patch_message_subject(&q->viewer, &q->winner, &q->seed, forced);
	body = patch_message_body(
		&q->viewer, &q->winner, &q->seed, &q->confirmation, &source, forced);
	rc = repo_patch(&mail, &source, q->winner.source, subject, body,
		author("GIT_AUTHOR_NAME", "Clade"), author("GIT_AUTHOR_EMAIL", "clade@localhost"),
		e);
	if (rc >= 0)
		rc = write_target(q->patch, mail, e);
	repo_source_release(&source);
	free(subject);
	free(body);
	free(mail);
	return rc < 0 ? rc : 0;
}

/* ---- telling ---- */

static void print_done(const struct request *q)
{
	const struct clade_metric *m = viewer_fitness(&q->viewer);
	const struct confirmation *c = &q->confirmation;
	char name[VIEWER_SHORT], score[128], value[128], seed[128];

	viewer_short(name, &q->winner.name);
	viewer_score(score, &q->viewer, &q->winner);
	viewer_value(value, m, c->value, c->low, c->high);
	viewer_value(seed, m, c->seed, NAN, NAN);
	printf("%s: %s %s, %d step%s from the seed\n", name, m->name, score, q->winner.depth,
		q->winner.depth == 1 ? "" : "s");
	printf("  holdout      %s (seed %s): %s\n", value, seed,
		c->confirmed && !c->flags_alone ? "confirmed" : "NOT CONFIRMED, exported by force");
	if (c->reason[0])
		printf("  reason       %s\n", c->reason);
	if (c->other_machine)
		printf("  machine      not the one that the campaign was measured on\n");
	printf("  patch        %s (git am %s)\n", q->patch, q->patch);
}

static void print_json(const struct request *q)
{
	cJSON *o = viewer_json(&q->viewer, &q->winner);
	char *text;

	json_put_text(o, "patch", q->patch);
	json_put_bool(o, "confirmed", q->confirmation.confirmed && !q->confirmation.flags_alone);
	json_put_bool(o, "stored", q->stored);
	cJSON_AddItemToObject(
		o, "holdout", confirmation_json(&q->confirmation, viewer_fitness(&q->viewer)));
	text = json_pretty(o);
	puts(text);
	free(text);
	cJSON_Delete(o);
}

static int open_request(struct request *q, const char *file, const char *id, struct err *e)
{
	int rc = viewer_open(&q->viewer, file, e);

	if (rc >= 0 && !q->viewer.has_settings)
		rc = err_set(e, ERR_MISSING,
			"%s: its problem's folder is not there any more, and a winner is confirmed by its evaluator",
			file);
	if (rc >= 0)
		rc = viewer_program(&q->winner, &q->viewer, id ? id : "best", true, e);
	if (rc >= 0)
		rc = viewer_program(&q->seed, &q->viewer, "seed", true, e);
	return rc;
}

static int export(struct request *q, const char *file, const char *id)
{
	struct err e = { 0 };
	int rc = open_request(q, file, id, &e), status;

	if (rc < 0)
		return command_error("export", &e);
	status = check_winner(q);
	if (status != ARGUMENTS_GO_ON)
		return status;
	rc = confirmation_run(&q->confirmation, &q->viewer, &q->winner, &q->seed, &e);
	if (rc >= 0)
		rc = store(q, file, &e);
	if (rc < 0)
		return command_error("export", &e);
	if (q->confirmation.flags_alone && !q->force)
		return advise(q);
	if (!q->confirmation.confirmed && !q->force)
		return refuse(q, q->confirmation.reason);
	if (write_patch(q, &e) < 0)
		return command_error("export", &e);
	if (strcmp(q->patch, "-") == 0)      /* the patch alone, for a pipe into git am */
		return COMMAND_DONE;
	if (q->json)
		print_json(q);
	else
		print_done(q);
	return COMMAND_DONE;
}

static int read_arguments(int argc, char **argv)
{
	struct request q = { .patch = NULL };
	const char *words[2];
	const struct arguments_row rows[] = {
		{ .name = "--patch", .type = ARGUMENTS_TEXT, .place = &q.patch },
		{ .name = "--force", .type = ARGUMENTS_FLAG, .place = &q.force },
		{ .name = "--json", .type = ARGUMENTS_FLAG, .place = &q.json },
		{ .name = NULL },
	};
	struct err e = { 0 };
	int status = arguments_read(words, 1, 2, rows, &command_export, argc, argv);

	if (status != ARGUMENTS_GO_ON)
		return status;
	if (!q.patch)
		return command_fail(
			"export", COMMAND_USAGE, "--patch OUT is missing: where the patch goes");
	if (check_target(q.patch, &e) < 0)
		return command_error("export", &e);
	status = export(&q, words[0], words[1]);
	confirmation_release(&q.confirmation);
	archive_program_release(&q.winner);
	archive_program_release(&q.seed);
	viewer_close(&q.viewer);
	return status;
}

const struct command command_export = {
	.name = "export",
	.arguments = "FILE [ID] --patch OUT [--force] [--json]",
	.summary = "the winner as a patch for `git am`, confirmed on inputs the search never saw",
	.help = "ID is a unique prefix; none: the best. The patch changes the user's own\n"
		"file, from its commit, and carries the evidence: metrics with intervals\n"
		"beside seed and references, the holdout, machine, compiler and flags,\n"
		"campaign, lineage, how to see it again.\n"
		"\n"
		"  --patch OUT   the file to write; - is standard output; of files that\n"
		"                exist only an older patch is replaced\n"
		"  --force       write the patch of a winner that is not confirmed, labelled\n"
		"                so\n"
		"  --json        one JSON object: what list prints, and patch, confirmed,\n"
		"                stored, holdout; or refused\n"
		"\n"
		"The confirmation is kept in the campaign's file, unless the campaign runs. A\n"
		"timed winner takes the measuring CPU for some seconds. A win by compiler\n"
		"flags alone is reported as build advice, not as a patch. GIT_AUTHOR_NAME and\n"
		"GIT_AUTHOR_EMAIL name the author.\n"
		"\n"
		"Exit status: 0 written, 1 failed, 2 wrong usage, 4 the measuring CPU is held\n"
		"by another process, 5 refused: the reason is printed.\n",
	.exec = read_arguments,
};
