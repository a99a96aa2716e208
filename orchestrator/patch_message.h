/*
 * patch_message.h - the evidence that a patch carries: problem, metrics with intervals beside the
 * references, holdout, machine, compiler, flags, where it came from, how to see it again.
 */
#pragma once

struct confirmation;
struct viewer;
struct archive_program;
struct repo_source;

/*
 * Both are the caller's to free. forced: the winner is not confirmed, and subject and text say so.
 * source: the file that the patch changes, at its commit.
 */
char *patch_message_subject(const struct viewer *v, const struct archive_program *winner,
	const struct archive_program *seed, int forced);
char *patch_message_body(const struct viewer *v, const struct archive_program *winner,
	const struct archive_program *seed, const struct confirmation *c,
	const struct repo_source *source, int forced);
