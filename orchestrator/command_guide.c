/*
 * command_guide.c - `clade help`: the overview, one command's help, the options of campaign files,
 * the manual page.
 */
#include <stdio.h>
#include <string.h>

#include "orchestrator/arguments.h"
#include "orchestrator/command.h"
#include "orchestrator/manual.h"

extern const struct command command_guide;

static void print_overview(void)
{
	printf("usage: clade COMMAND [ARGUMENTS]\n\n"
	       "Clade evolves C programs: a campaign takes a seed and an evaluator, and hands you\n"
	       "the winner as a patch.\n\n");
	for (int i = 0; command_table[i]; i++) {
		if (!command_table[i]->hidden)
			printf("  %-10s %s\n", command_table[i]->name, command_table[i]->summary);
	}
	printf("\n  clade COMMAND --help    options and exit statuses of a command\n"
	       "  clade help options      every key of campaign files and --set\n"
	       "  clade --version\n\n"
	       "A first campaign: clade run exp2_ops --wall 60s\n");
}

static int print_topic(const char *name)
{
	const struct command *c = command_find(name);
	const char *nearest;

	if (strcmp(name, "options") == 0) {
		manual_options(stdout);
		return COMMAND_DONE;
	}
	if (c)
		return command_help(c);
	nearest = command_nearest(name);
	return command_fail("help", COMMAND_USAGE, "there is no command '%s'%s%s%s", name,
		nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static int guide(int argc, char **argv)
{
	const char *topic[1];
	bool manual = false;
	const struct arguments_row rows[] = {
		{ .name = "--manual", .type = ARGUMENTS_FLAG, .place = &manual }, { .name = NULL }
	};
	bool asked = argc > 0 && argv[0][0] == '-'; /* `clade --help` */
	int end = asked ? ARGUMENTS_GO_ON
			: arguments_read(topic, 0, 1, rows, &command_guide, argc, argv);

	if (end != ARGUMENTS_GO_ON)
		return end;
	if (manual)
		manual_print(stdout);
	else if (!asked && topic[0])
		return print_topic(topic[0]);
	else
		print_overview();
	return COMMAND_DONE;
}

const struct command command_guide = {
	.name = "help",
	.arguments = "[COMMAND | options] [--manual]",
	.summary = "what there is, or the help of one command",
	.help = "  options    every key of campaign files and of --set, with type, range,\n"
		"             default and meaning\n"
		"  --manual   the manual page, mdoc source\n"
		"\n"
		"Exit status: 0 done, 2 there is no such command.\n",
	.exec = guide,
};
