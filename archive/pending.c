#include "archive/pending.h"

#include <stdlib.h>

#include "archive/inside.h"
#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"

/* The id comes from tally, because SQLite would give the id of the last deleted row again. */
static int next_id(int64_t *id, struct archive *a, int64_t proposal, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "UPDATE tally SET queue_last = queue_last + 1, "
		"proposal_next = max(proposal_next, :proposal + 1) RETURNING queue_last", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":proposal", proposal);
	rc = stmt_step(q, e);
	if (rc == 1) {
		*id = stmt_i64(q, "queue_last");
		rc = stmt_run(q, e);
	}
	stmt_done(q);
	return rc;
}

static int insert(struct archive *a, int64_t id, int64_t proposal, const char *payload,
	struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "INSERT INTO queue VALUES (:id, :proposal, 0, :payload)", e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":id", id);
	stmt_put_i64(q, ":proposal", proposal);
	stmt_put_text(q, ":payload", payload);
	rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

int pending_add(int64_t *id, struct archive *a, int64_t proposal, const char *payload,
	struct err *e)
{
	int64_t made = 0;
	int rc = db_begin(a->db, e);

	if (rc < 0)
		return rc;
	rc = next_id(&made, a, proposal, e);
	if (rc == 0)
		rc = insert(a, made, proposal, payload, e);
	rc = db_end(a->db, rc, e);
	if (rc == 0)
		*id = made;
	return rc;
}

static int change_row(struct archive *a, const char *sql, int64_t id, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, sql, e);

	if (rc < 0)
		return rc;
	stmt_put_i64(q, ":id", id);
	rc = stmt_step(q, e);
	if (rc == 0)
		rc = err_set(e, ERR_MISSING, "there is no queue row %lld", (long long)id);
	if (rc == 1)
		rc = stmt_run(q, e);
	stmt_done(q);
	return rc;
}

int pending_tried(struct archive *a, int64_t id, struct err *e)
{
	return change_row(a, "UPDATE queue SET tries = tries + 1 WHERE id = :id RETURNING id", id, e);
}

int pending_drop(struct archive *a, int64_t id, struct err *e)
{
	return change_row(a, "DELETE FROM queue WHERE id = :id RETURNING id", id, e);
}

int pending_list(struct archive_queued **out, int *count, struct archive *a, struct err *e)
{
	struct archive_queued *list = NULL;
	struct stmt *q = NULL;
	int n = 0, rc = db_stmt(&q, a->db,
		"SELECT id, proposal, tries, payload FROM queue ORDER BY id", e);

	if (rc < 0)
		return rc;
	while ((rc = stmt_step(q, e)) == 1) {
		list = memory_grow(list, (size_t)n + 1, sizeof(list[0]));
		list[n++] = (struct archive_queued){
			.id = stmt_i64(q, "id"),
			.proposal = stmt_i64(q, "proposal"),
			.tries = (int)stmt_i64(q, "tries"),
			.payload = text_copy(stmt_text(q, "payload")),
		};
	}
	stmt_done(q);
	if (rc < 0) {
		archive_queue_free(list, n);
		return rc;
	}
	*out = list;
	*count = n;
	return 0;
}
