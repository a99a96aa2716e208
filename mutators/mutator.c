#include "mutators/mutator.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "mutators/constants.h"
#include "mutators/offline.h"

const struct mutator *const mutator_table[] = { &offline_mutator, NULL };

void mutator_proposal_release(struct mutator_proposal *p)
{
	if (p == NULL)
		return;
	free(p->source);
	free(p->tunable);
	for (int i = 0; p->flags[i] != NULL; i++)
		free(p->flags[i]);
	memset(p, 0, sizeof *p);
}

int mutator_with_constants(char **source, const struct mutator_proposal *p, const double *constants,
	int count, struct err *e)
{
	if (!p->tune || p->tunable == NULL)
		return err_set(e, ERR_ARGS, "this proposal has no constants to fit");
	if (count != p->constant_count)
		return err_set(e, ERR_ARGS, "%d constants for a proposal that has %d", count,
			p->constant_count);
	return constants_restore(source, p->tunable, constants, count, e);
}
