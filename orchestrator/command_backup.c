#include <stdio.h>
#include <sys/stat.h>

#include "archive/archive.h"
#include "base/err.h"
#include "base/text.h"
#include "orchestrator/arguments.h"
#include "orchestrator/command.h"

extern const struct command command_backup;

static int backup(int argc, char **argv)
{
	const char *words[2];
	const struct arguments_row rows[] = { { .name = NULL } };
	struct archive *a = NULL;
	struct stat st;
	struct err e = { 0 };
	char size[32] = "";
	int rc, end = arguments_read(words, 2, 2, rows, &command_backup, argc, argv);

	if (end != ARGUMENTS_GO_ON)
		return end;
	if (lstat(words[1], &st) == 0)
		return command_fail("backup", COMMAND_REFUSED,
			"%s exists already: nothing is overwritten", words[1]);
	rc = archive_open(&a, words[0], ARCHIVE_READ, &e);
	if (rc >= 0)
		rc = archive_backup(a, words[1], &e);
	archive_close(a);
	if (rc < 0)
		return command_error("backup", &e);
	if (stat(words[1], &st) == 0)
		text_human_bytes(size, st.st_size);
	printf("%s: %s, a campaign of its own that clade resume takes up\n", words[1], size);
	return COMMAND_DONE;
}

const struct command command_backup = {
	.name = "backup",
	.arguments = "FILE OUT",
	.summary = "copy a campaign, also while it runs",
	.help = "OUT is one whole file as of one moment; copying FILE by other means while it\n"
		"runs may tear it. OUT must not exist.\n"
		"\n"
		"Exit status: 0 done, 1 failed, 2 wrong usage, 5 there is no such file, or\n"
		"OUT exists.\n",
	.exec = backup,
};
