#include "mutators/edits.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "mutators/tree.h"

void edits_init(struct edits *e)
{
	e->count = 0;
	e->full = false;
}

void edits_clear(struct edits *e)
{
	for (int i = 0; i < e->count; i++)
		free(e->list[i].text);
	edits_init(e);
}

void edits_release(struct edits *e)
{
	edits_clear(e);
}

void edits_add(struct edits *e, uint32_t start, uint32_t end, const char *format, ...)
{
	va_list arguments, again;
	int bytes;

	if (e->count == EDITS_MAX) {
		e->full = true;
		return;
	}
	va_start(arguments, format);
	va_copy(again, arguments);
	bytes = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (bytes < 0 || (size_t)bytes > TREE_BYTES_MAX) {
		e->full = true;
	} else {
		char *made = memory_alloc((size_t)bytes + 1);

		vsnprintf(made, (size_t)bytes + 1, format, again);
		e->list[e->count++] = (struct edit){ start, end, made };
	}
	va_end(again);
}

/* By start; of two at one byte the insertion goes first, then the older one. */
static int edit_order(const void *a, const void *b)
{
	const struct edit *x = *(const struct edit *const *)a, *y = *(const struct edit *const *)b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if ((x->end == x->start) != (y->end == y->start))
		return x->end == x->start ? -1 : 1;
	return x < y ? -1 : x > y;
}

char *edits_apply(const struct edits *e, const char *text, uint32_t start, uint32_t end)
{
	const struct edit *order[EDITS_MAX];
	struct buffer out;
	uint32_t at = start;
	char *made = NULL;

	if (e->full)
		return NULL;
	for (int i = 0; i < e->count; i++)
		order[i] = &e->list[i];
	qsort(order, (size_t)e->count, sizeof order[0], edit_order);
	buffer_init(&out, TREE_BYTES_MAX);
	for (int i = 0; i < e->count; i++) {
		if (order[i]->start < at || order[i]->end < order[i]->start || order[i]->end > end)
			goto out;
		buffer_add(&out, text + at, order[i]->start - at);
		buffer_add_text(&out, order[i]->text);
		at = order[i]->end;
	}
	buffer_add(&out, text + at, end - at);
	if (!out.full)
		made = buffer_take(&out);
out:
	buffer_release(&out);
	return made;
}
