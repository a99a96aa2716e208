#include "tests/support/seeds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/fdio.h"

#define SEED_BYTES_MAX (1u << 16)

static const struct mutator_terminal numeric_terminals[] = { { "x", "double" } };
static const struct mutator_terminal rule_terminals[] = {
	{ "v->time", "double" },
	{ "v->ready", "double" },
	{ "v->processing", "double" },
	{ "v->done", "double" },
	{ "v->remaining", "double" },
	{ "v->operations_left", "double" },
	{ "v->machine_load", "double" },
	{ "v->next_processing", "double" },
};
static const char *const rule_imports[] = { "fmin", "fmax", "fabs", "sqrt", NULL };
static const char *const kernel_imports[] = { "memcpy", "memset", NULL };

const struct seed seeds[SEEDS_COUNT] = {
	[SEEDS_EXP2] = {
		.path = "tests/unit/fixtures/seed_exp2.c",
		.function = "exp2_approx",
		.prelude = "#define real double\n",
		.domain = {
			.kind = DOMAIN_NUMERIC,
			.terminals = numeric_terminals,
			.terminal_count = 1,
			.tunes = true,
		},
	},
	[SEEDS_RULE] = {
		.path = "tests/unit/fixtures/seed_rule.c", .function = "priority",
		.prelude = "double fmin(double, double), fmax(double, double);\n"
			   "double fabs(double), sqrt(double);\n",
		.domain = {
			.kind = DOMAIN_PRIORITY,
			.syntax = DOMAIN_MEMBERS | DOMAIN_BRANCHES | DOMAIN_CALLS,
			.imports = rule_imports,
			.terminals = rule_terminals,
			.terminal_count = sizeof rule_terminals / sizeof rule_terminals[0],
		},
	},
	[SEEDS_SGEMM] = {
		.path = "tests/unit/fixtures/seed_sgemm.c", .function = "sgemm", .prelude = "",
		.domain = {
			.kind = DOMAIN_LOOPS,
			.syntax = DOMAIN_ALL & ~(DOMAIN_ASM | DOMAIN_GOTO),
			.imports = kernel_imports,
			.flags = MUTATOR_FLAGS_FREE,
		},
	},
};

char *seeds_read(const struct seed *s, size_t *size, struct region *r)
{
	struct err e = { 0 };
	char *text = NULL;

	if (fdio_read_file(&text, size, s->path, SEED_BYTES_MAX, &e) < 0 ||
		region_find(r, text, *size, NULL, &e) < 0)
		fail_msg("%s: %s", s->path, e.text);
	return text;
}
