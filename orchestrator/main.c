/* main.c - clade NAME ARGUMENTS: the first word picks a row of command_table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "orchestrator/command.h"

static void die(const char *text)
{
	fprintf(stderr, "clade: %s\n", text);
	exit(COMMAND_FAILED);
}

/*
 * A closed standard descriptor would be handed to the next file that is opened, and messages would
 * go into the campaign.
 */
static void keep_standard_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			die("a standard descriptor is closed, and /dev/null does not open");
	}
}

static int unknown(const char *name)
{
	const char *nearest = command_nearest(name);

	if (nearest)
		fprintf(stderr, "clade: there is no command '%s'; did you mean '%s'?\n", name,
			nearest);
	else
		fprintf(stderr, "clade: there is no command '%s'\n", name);
	fprintf(stderr, "try: clade help\n");
	return COMMAND_USAGE;
}

static const char *meant(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ? "help" : word;
}

int main(int argc, char **argv)
{
	static char help[] = "help";
	char *fallback[] = { help, NULL };
	const struct command *c;
	int status;

	keep_standard_descriptors();
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("clade %s\n", COMMAND_VERSION);
		return COMMAND_DONE;
	}
	c = command_find(argc > 1 ? meant(argv[1]) : "help");
	if (!c)
		return unknown(argv[1]);
	status = argc > 1 ? c->exec(argc - 1, argv + 1) : c->exec(1, fallback);
	/* Output that did not reach its file is no success. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == COMMAND_DONE) {
		fprintf(stderr, "clade: standard output cannot be written\n");
		status = COMMAND_FAILED;
	}
	return argc > 1 ? status : COMMAND_USAGE;
}
