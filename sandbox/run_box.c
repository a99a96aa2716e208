#include "sandbox/run_box.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/memory.h"
#include "sandbox/box/import_table.h"
#include "sandbox/run_zygote.h"
#include "sandbox/zygote.h"

enum { CHILDREN_PER_ZYGOTE = 1000 };

struct run_box {
	struct sandbox *sandbox; /* borrowed */
	struct zygote *zygote;   /* NULL while there is none */
	int children;            /* started in this zygote */
};

#define NAME(name) #name,
static const char *const import_names[] = { IMPORT_TABLE_ALL(NAME) };
#undef NAME

int run_box_open(struct run_box **out, struct sandbox *s, struct err *e)
{
	struct run_box *b = memory_alloc(sizeof *b);
	int rc = zygote_open(&b->zygote, s, e);

	if (rc < 0) {
		free(b);
		return rc;
	}
	b->sandbox = s;
	*out = b;
	return 0;
}

void run_box_close(struct run_box *b)
{
	if (!b)
		return;
	zygote_release(b->zygote);
	free(b);
}

static int import_number(const char *name)
{
	for (int i = 0; i < IMPORT_TABLE_COUNT; i++)
		if (!strcmp(import_names[i], name))
			return i;
	return -1;
}

bool run_box_import_known(const char *name)
{
	return import_number(name) >= 0;
}

int run_box_import_bits(uint64_t bits[], const char *const *names, struct err *e)
{
	for (int count = 0; names && *names; names++, count++) {
		int number = import_number(*names);
		if (number < 0 || count == RUN_IMPORTS_MAX)
			return err_set(e, ERR_ARGS,
				number < 0 ? "the loader has no function %s" :
					     "too many imports (%s)",
				*names);
		bits[number / 64] |= UINT64_C(1) << (number % 64);
	}
	return 0;
}

void run_box_replace(struct run_box *b)
{
	zygote_release(b->zygote);
	b->zygote = NULL;
}

int run_box_zygote(struct zygote **out, struct run_box *b, struct err *e)
{
	if (b->children >= CHILDREN_PER_ZYGOTE)
		run_box_replace(b);
	if (!b->zygote) {
		b->children = 0;
		int rc = zygote_open(&b->zygote, b->sandbox, e);
		if (rc < 0)
			return rc;
	}
	b->children++;
	zygote_hold(b->zygote);
	*out = b->zygote;
	return 0;
}
