#include "orchestrator/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "mutators/syntax.h"
#include "orchestrator/candidate.h"
#include "orchestrator/parcel.h"
#include "orchestrator/search.h"

int screen_text(enum verdict *verdict, char reason[SCREEN_REASON_MAX], const struct search *s, const char *source, size_t source_bytes, struct err *e)
{
	struct region inner;
	struct err why = { 0 };

	(void)e;
	if (region_check(&inner, s->seed_text, s->seed_bytes, s->region, source, source_bytes, &why) < 0)
		*verdict = VERDICT_INVALID_EDIT;
	else if (syntax_allowed(source, source_bytes, inner, &s->domain, &why) < 0)
		*verdict = VERDICT_FORBIDDEN;
	else
		return 0;
	snprintf(reason, SCREEN_REASON_MAX, "%.*s", SCREEN_REASON_MAX - 1, why.text);
	return 1;
}

/* Where the evolved region stands in a text that passed screen_text. */
static int inner_region(struct region *out, const struct search *s, const char *source, size_t source_bytes, struct err *e)
{
	return region_check(out, s->seed_text, s->seed_bytes, s->region, source, source_bytes, e);
}

static int token_text(char **out, size_t *size, const struct search *s, const char *source, size_t source_bytes, char *const *flags, struct err *e)
{
	struct region r;
	int rc = inner_region(&r, s, source, source_bytes, e);

	if (rc < 0)
		return rc;
	return syntax_tokens(out, size, source, source_bytes, r, (const char *const *)flags, e);
}

/* Is the stored program's token text the same bytes? */
static int same_tokens(struct search *s, int64_t id, const char *tokens, size_t size, struct err *e)
{
	struct archive_program p = { 0 };
	char *flags[MUTATOR_FLAGS_MAX + 1] = { NULL };
	char *other = NULL;
	size_t other_size = 0;
	int rc = archive_program(&p, s->archive, id, true, e);

	if (rc == 1) {
		parcel_flags_read(flags, MUTATOR_FLAGS_MAX, p.flags);
		rc = token_text(&other, &other_size, s, p.source, p.source_bytes, flags, e);
		rc = rc < 0 ? rc : other_size == size && memcmp(other, tokens, size) == 0;
	}
	for (int i = 0; flags[i] != NULL; i++)
		free(flags[i]);
	free(other);
	archive_program_release(&p);
	return rc;
}

static int in_flight(const struct search *s, const struct candidate *c)
{
	for (const struct candidate *o = s->in_flight; o != NULL; o = o->next)
		if (o != c && o->kind != CANDIDATE_RETEST && hash_equal(&o->token, &c->token))
			return 1;
	return 0;
}

int screen_token(int64_t *of, struct candidate *c, struct err *e)
{
	struct search *s = c->search;
	char *tokens = NULL;
	size_t size = 0;
	int64_t id = 0;
	int rc = token_text(&tokens, &size, s, c->made.source, c->made.source_bytes, c->made.flags, e);

	if (rc < 0)
		goto out;
	c->token = hash_keyed(&s->secret, tokens, size);
	*of = 0;
	rc = in_flight(s, c);
	if (rc == 0)
		rc = archive_find_token(&id, s->archive, &c->token, e);
	if (rc == 1 && id != 0)
		rc = same_tokens(s, id, tokens, size, e);
	if (rc == 1)
		*of = id;
out:
	free(tokens);
	return rc;
}

int screen_object(int64_t *of, struct candidate *c, struct err *e)
{
	struct search *s = c->search;
	void *bytes = NULL;
	size_t size = 0;
	int64_t id = 0;
	int rc;

	c->object = hash_keyed(&s->secret, c->image, c->image_bytes);
	c->has_object = true;
	rc = archive_find_object(&id, s->archive, &c->object, e);
	if (rc != 1)
		return rc;
	rc = archive_image(&bytes, &size, s->archive, id, e);
	if (rc >= 0)
		rc = size == c->image_bytes && memcmp(bytes, c->image, size) == 0;
	if (rc == 1)
		*of = id;
	free(bytes);
	return rc;
}
