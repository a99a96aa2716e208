#include "orchestrator/manual.h"

#include <string.h>

#include "orchestrator/command.h"
#include "orchestrator/option.h"
#include "orchestrator/table.h"

void manual_options(FILE *out)
{
	static const char *const heads[] = { "key", "value", "default", "meaning", NULL };
	struct table *t = table_new(heads);

	for (const struct option *o = option_table; o->path; o++) {
		char type[160];

		option_type_text(type, o);
		table_add(t, "%s", o->path);
		table_add(t, "%s", type);
		table_add(t, "%s", o->fallback ? o->fallback : "");
		table_add(t, "%s%s%s%s", o->text, o->alias ? " (" : "", o->alias ? o->alias : "",
			o->alias ? ")" : "");
	}
	table_print(t, out, 0);
	table_free(t);
}

/*
 * One line of text as mdoc: a control character in front and backslashes are taken as they stand.
 */
static void put_text(FILE *out, const char *text, size_t size)
{
	if (size > 0 && (text[0] == '.' || text[0] == '\''))
		fputs("\\&", out);
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\\')
			fputs("\\e", out);
		else if (text[i] == '-')
			fputs("\\-", out);
		else
			fputc(text[i], out);
	}
}

static void put_literal(FILE *out, const char *text)
{
	fputs(".Bd -literal\n", out);
	while (*text) {
		size_t size = strcspn(text, "\n");

		put_text(out, text, size);
		fputc('\n', out);
		text += size + (text[size] == '\n');
	}
	fputs(".Ed\n", out);
}

static void put_line(FILE *out, const char *text)
{
	put_text(out, text, strlen(text));
	fputc('\n', out);
}

static void put_commands(FILE *out)
{
	fputs(".Sh COMMANDS\n", out);
	for (int i = 0; command_table[i]; i++) {
		const struct command *c = command_table[i];
		char line[256];

		fprintf(out, ".Ss %s\n", c->name);
		snprintf(line, sizeof line, "clade %s%s%s", c->name, *c->arguments ? " " : "",
			c->arguments);
		put_literal(out, line);
		put_line(out, c->summary);
		fputs(".\n", out);
		put_literal(out, c->help);
	}
}

static void put_options(FILE *out)
{
	fputs(".Sh CAMPAIGN FILES\n"
	      "A campaign file is YAML: a mapping of the keys below, dots meaning nested\nmappings.\n"
	      "The same keys are taken by\n.Fl \\-set Ar key=value .\n.Bl -tag -width Ds\n",
		out);
	for (const struct option *o = option_table; o->path; o++) {
		char type[160];

		option_type_text(type, o);
		fputs(".It ", out);
		put_line(out, o->path);
		put_line(out, o->text);
		fputs(".Pp\n", out);
		put_text(out, type, strlen(type));
		if (o->fallback) {
			fputs("; default ", out);
			put_text(out, o->fallback, strlen(o->fallback));
		}
		if (o->alias) {
			fputs("; on the command line ", out);
			put_text(out, o->alias, strlen(o->alias));
		}
		fputc('\n', out);
	}
	fputs(".El\n", out);
}

static const char head[] =
	".\\\" Printed by: clade help --manual\n"
	".Dd November 20, 2026\n"
	".Dt CLADE 1\n"
	".Os\n"
	".Sh NAME\n"
	".Nm clade\n"
	".Nd evolve faster C kernels and better schedulers\n"
	".Sh SYNOPSIS\n"
	".Nm\n"
	".Ar command\n"
	".Op Ar arguments\n"
	".Nm\n"
	".Fl \\-version\n"
	".Sh DESCRIPTION\n"
	"A campaign starts from a program and an evaluator that scores it, keeps the best\n"
	"variants of every kind that the evaluator tells\n"
	"apart, makes new ones out of them, and runs each in a sandbox.\n"
	"The winner is exported as a patch.\n"
	"A campaign is one file; kill anything at any moment, and\n"
	".Ic clade resume\n"
	"goes on.\n"
	".Pp\n"
	"Programs are named by any unique prefix of their id, by\n"
	".Ar best\n"
	"or by\n"
	".Ar seed .\n";

static const char tail[] =
	".Sh ENVIRONMENT\n"
	".Bl -tag -width Ds\n"
	".It Ev NO_COLOR\n"
	"No colour on a terminal, when not empty.\n"
	".It Ev CLADE_PROBLEMS\n"
	"A further folder of problems.\n"
	".It Ev XDG_CACHE_HOME\n"
	"Evaluators of problem folders are built into its folder clade.\n"
	".El\n"
	".Sh EXIT STATUS\n"
	".Bl -tag -width Ds\n"
	".It 0\n"
	"Done; the campaign finished.\n"
	".It 1\n"
	"Failed.\n"
	".It 2\n"
	"Wrong usage, or settings that are refused.\n"
	".It 3\n"
	"Stopped before its end; resume goes on.\n"
	".It 4\n"
	"Another process holds the campaign.\n"
	".It 5\n"
	"Nothing found, or refused: no such file or program, a seed that fails, a winner\n"
	"that does not hold, a verdict that is not ok.\n"
	".El\n"
	".Sh EXAMPLES\n"
	".Bd -literal\n"
	"clade run exp2_ops \\-\\-file x.clade \\-\\-wall 60s\n"
	"clade status x.clade\n"
	"clade show x.clade best\n"
	"clade export x.clade \\-\\-patch best.patch\n"
	".Ed\n";

void manual_print(FILE *out)
{
	fputs(head, out);
	put_commands(out);
	put_options(out);
	fputs(tail, out);
}
