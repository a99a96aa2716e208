#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/textdiff.h"
#include "base/err.h"
#include "base/text.h"
#include "orchestrator/arguments.h"
#include "orchestrator/command.h"
#include "orchestrator/viewer.h"

extern const struct command command_diff;

static int print_diff(
	const struct archive_program *from, const struct archive_program *to, struct err *e)
{
	char old_name[VIEWER_SHORT], new_name[VIEWER_SHORT], *diff = NULL;
	const char *old_flags = from->flags ? from->flags : "[]",
		   *new_flags = to->flags ? to->flags : "[]";
	int rc;

	viewer_short(old_name, &from->name);
	viewer_short(new_name, &to->name);
	rc = textdiff_unified(&diff, from->source, from->source_bytes, old_name, to->source,
		to->source_bytes, new_name, e);
	if (rc < 0)
		return rc;
	if (!text_equal(old_flags, new_flags))
		printf("flags %s -> %s\n", old_flags, new_flags);
	fputs(diff, stdout);
	free(diff);
	return 0;
}

static int diff(int argc, char **argv)
{
	const char *words[3];
	const struct arguments_row rows[] = { { .name = NULL } };
	struct viewer v = { .path = NULL };
	struct archive_program from = { 0 }, to = { 0 };
	struct err e = { 0 };
	int rc, end = arguments_read(words, 2, 3, rows, &command_diff, argc, argv);

	if (end != ARGUMENTS_GO_ON)
		return end;
	rc = viewer_open(&v, words[0], &e);
	if (rc >= 0)
		rc = viewer_program(&from, &v, words[2] ? words[1] : "seed", true, &e);
	if (rc >= 0)
		rc = viewer_program(&to, &v, words[2] ? words[2] : words[1], true, &e);
	if (rc >= 0)
		rc = print_diff(&from, &to, &e);
	archive_program_release(&from);
	archive_program_release(&to);
	viewer_close(&v);
	return rc < 0 ? command_error("diff", &e) : COMMAND_DONE;
}

const struct command command_diff = {
	.name = "diff",
	.arguments = "FILE ID [ID]",
	.summary = "what changed between two programs, or between the seed and one",
	.help = "With one ID: from the seed to it. With two: from the first to the second. A\n"
		"unified diff of the sources, nothing where they are equal; a line in front\n"
		"names the flags where these differ. ID is a unique prefix, `best` or `seed`.\n"
		"\n"
		"Exit status: 0 done, 1 the file cannot be read, 2 wrong usage or an\n"
		"ambiguous ID, 5 there is no such file or program.\n",
	.exec = diff,
};
