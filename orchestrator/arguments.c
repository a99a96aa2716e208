#include "orchestrator/arguments.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "orchestrator/command.h"
#include "orchestrator/option.h"

#define NAMES_MAX 48

static const struct arguments_row *row_of(const struct arguments_row *rows, const char *name)
{
	for (; rows->name; rows++) {
		if (strcmp(rows->name, name) == 0)
			return rows;
	}
	return NULL;
}

static const struct arguments_row *settings_row(const struct arguments_row *rows)
{
	while (rows->name && rows->type != ARGUMENTS_SETTINGS)
		rows++;
	return rows->name ? rows : NULL;
}

static int unknown(const struct arguments_row *rows, const struct command *c, const char *name)
{
	const char *names[NAMES_MAX], *nearest;
	size_t count = 0;

	names[count++] = "--help";
	for (const struct arguments_row *r = rows; r->name && count < NAMES_MAX; r++)
		names[count++] = r->name;
	for (const struct option *o = option_table;
		settings_row(rows) && o->path && count < NAMES_MAX; o++) {
		if (o->alias)
			names[count++] = o->alias;
	}
	nearest = text_nearest(name, names, count);
	if (nearest)
		return command_fail(c->name, COMMAND_USAGE,
			"unknown option '%s'; did you mean '%s'?", name, nearest);
	return command_fail(c->name, COMMAND_USAGE, "unknown option '%s'", name);
}

static int read_count(const struct arguments_row *r, const struct command *c, const char *value)
{
	int64_t number;

	if (text_parse_i64(&number, value) < 0 || number < r->low || number > r->high)
		return command_fail(c->name, COMMAND_USAGE,
			"%s: '%s' is no whole number from %lld to %lld", r->name, value,
			(long long)r->low, (long long)r->high);
	*(int64_t *)r->place = number;
	return ARGUMENTS_GO_ON;
}

static int read_span(const struct arguments_row *r, const struct command *c, const char *value)
{
	int64_t span_ns;

	if (text_parse_duration_ns(&span_ns, value) < 0 || span_ns <= 0)
		return command_fail(c->name, COMMAND_USAGE,
			"%s: '%s' is not a span of time such as 90s, 5m, 2h or 1d", r->name, value);
	*(int64_t *)r->place = span_ns;
	return ARGUMENTS_GO_ON;
}

static int add_setting(struct arguments_settings *s, const struct command *c, const char *flag,
	const char *path, const char *value)
{
	if (s->count == ARGUMENTS_SETTINGS_MAX)
		return command_fail(c->name, COMMAND_USAGE,
			"more than %d settings: write a campaign file", ARGUMENTS_SETTINGS_MAX);
	s->rows[s->count].flag = flag;
	s->rows[s->count].path = path;
	s->rows[s->count++].value = value;
	return ARGUMENTS_GO_ON;
}

static int read_value(const struct arguments_row *r, const struct command *c, const char *value)
{
	switch (r->type) {
	case ARGUMENTS_COUNT:
		return read_count(r, c, value);
	case ARGUMENTS_SPAN:
		return read_span(r, c, value);
	case ARGUMENTS_SETTINGS:
		return add_setting(r->place, c, r->name, NULL, value);
	default:
		*(const char **)r->place = value;
		return ARGUMENTS_GO_ON;
	}
}

/* One "--name", "--name=value" or "--name value"; *at is moved past what was taken. */
static int read_option(
	const struct arguments_row *rows, const struct command *c, char **argv, int argc, int *at)
{
	char *equals = strchr(argv[*at], '='),
	     *name = equals ? text_copy_n(argv[*at], (size_t)(equals - argv[*at]))
			    : text_copy(argv[*at]);
	const struct arguments_row *r = row_of(rows, name);
	const struct option *o = !r && settings_row(rows) ? option_by_alias(name) : NULL;
	const char *value = equals ? equals + 1 : *at + 1 < argc ? argv[*at + 1] : NULL;
	int status;

	if (!r && !o)
		status = unknown(rows, c, name);
	else if (r && r->type == ARGUMENTS_FLAG && equals)
		status = command_fail(c->name, COMMAND_USAGE, "%s takes no value", name);
	else if (r && r->type == ARGUMENTS_FLAG) {
		*(bool *)r->place = true;
		status = ARGUMENTS_GO_ON;
	} else if (!value) {
		status = command_fail(c->name, COMMAND_USAGE, "%s needs a value", name);
	} else {
		status = r ? read_value(r, c, value)
			   : add_setting(settings_row(rows)->place, c, o->alias, o->path, value);
		*at += equals ? 0 : 1;
	}
	*at += 1;
	free(name);
	return status;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int arguments_read(const char **positional, int least, int most, const struct arguments_row *rows,
	const struct command *c, int argc, char **argv)
{
	bool options = true;
	int count = 0, status = ARGUMENTS_GO_ON;

	for (int i = 0; i < most; i++)
		positional[i] = NULL;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (is_help(argv[i]))
			return command_help(c);
	}
	for (int i = 1; i < argc && status == ARGUMENTS_GO_ON;) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
			i++;
		} else if (options && argv[i][0] == '-' && argv[i][1]) {
			status = read_option(rows, c, argv, argc, &i);
		} else if (count == most) {
			status = command_fail(
				c->name, COMMAND_USAGE, "one argument too many: '%s'", argv[i]);
		} else {
			positional[count++] = argv[i++];
		}
	}
	if (status == ARGUMENTS_GO_ON && count < least)
		status = command_fail(c->name, COMMAND_USAGE, "an argument is missing: clade %s %s",
			c->name, c->arguments);
	return status;
}

int arguments_apply(const struct arguments_settings *s, struct campaign *c, struct err *e)
{
	int rc = 0;

	for (int i = 0; i < s->count && rc == 0; i++) {
		if (s->rows[i].path)
			rc = option_set(c, s->rows[i].path, s->rows[i].value,
				(struct option_origin){ s->rows[i].flag, 0, 0 }, e);
		else
			rc = option_assign(c, s->rows[i].value, e);
	}
	return rc;
}
