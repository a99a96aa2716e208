#include "orchestrator/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

extern const struct command command_run, command_resume, command_status, command_list, command_show,
	command_diff, command_lineage, command_history, command_export, command_eval, command_problems,
	command_backup, command_doctor, command_worker, command_guide;

const struct command *const command_table[] = {
	&command_run,
	&command_resume,
	&command_status,
	&command_list,
	&command_show,
	&command_diff,
	&command_lineage,
	&command_history,
	&command_export,
	&command_eval,
	&command_problems,
	&command_backup,
	&command_doctor,
	&command_worker,
	&command_guide,
	NULL,
};

const struct command *command_find(const char *name)
{
	for (int i = 0; command_table[i]; i++) {
		if (strcmp(command_table[i]->name, name) == 0)
			return command_table[i];
	}
	return NULL;
}

const char *command_nearest(const char *name)
{
	const char *names[sizeof command_table / sizeof command_table[0]];
	size_t count = 0;

	for (; command_table[count]; count++)
		names[count] = command_table[count]->name;
	return text_nearest(name, names, count);
}

int command_help(const struct command *c)
{
	printf("usage: clade %s %s\n\n%s\n\n%s", c->name, c->arguments, c->summary, c->help);
	return COMMAND_DONE;
}

int command_fail(const char *name, int status, const char *format, ...)
{
	char text[2 * ERR_TEXT_MAX];
	char *clean;
	va_list args;

	fflush(stdout);
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* a file's name or a value may hold escape sequences: they are not for the terminal */
	clean = text_printable(text, strlen(text), sizeof text);
	fprintf(stderr, "clade %s: %s\n", name, clean);
	free(clean);
	if (status == COMMAND_USAGE)
		fprintf(stderr, "try: clade %s --help\n", name);
	return status;
}

int command_error(const char *name, const struct err *e)
{
	static const struct {
		int code, status;
	} rows[] = {
		{ ERR_ARGS, COMMAND_USAGE },
		{ ERR_BUSY, COMMAND_BUSY },
		{ ERR_MISSING, COMMAND_REFUSED },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (e->code == rows[i].code)
			return command_fail(name, rows[i].status, "%s", e->text);
	}
	return command_fail(name, COMMAND_FAILED, "%s", e->text);
}
