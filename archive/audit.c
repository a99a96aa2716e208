#include "archive/audit.h"

#include <math.h>
#include <stdlib.h>

#include "archive/catalog.h"
#include "archive/dictionary.h"
#include "archive/inside.h"
#include "base/err.h"
#include "base/text.h"

/* Of a sum that grew by differences of doubles, relative to the sum of their magnitudes. */
#define DRIFT 1e-9

/* Each query counts the rows that break its rule. */
struct rule {
	const char *rule;
	const char *sql;
};

static const struct rule rules[] = {
	{ "there is one tally",
	  "SELECT count(*) <> 1 FROM tally" },
	{ "an elite is ok, in its own cell, with its program's fitness",
	  "SELECT count(*) FROM elite e JOIN program p ON p.id = e.program WHERE p.verdict <> 'ok' "
	  "OR p.cell IS NOT e.cell OR p.fitness IS NOT e.fitness" },
	{ "what is ok has a fitness and nothing else has",
	  "SELECT count(*) FROM program WHERE (verdict = 'ok') <> (fitness IS NOT NULL)" },
	{ "what has a cell is ok",
	  "SELECT count(*) FROM program WHERE cell IS NOT NULL AND verdict <> 'ok'" },
	{ "parents are older",
	  "SELECT count(*) FROM program WHERE parent_1 >= id OR parent_2 >= id OR parent_3 >= id "
	  "OR parent_4 >= id OR duplicate_of >= id" },
	{ "every program has its source",
	  "SELECT count(*) FROM program p LEFT JOIN source s ON s.program = p.id "
	  "WHERE s.program IS NULL AND p.duplicate_of IS NULL AND p.verdict <> 'duplicate'" },
	{ "tally.programs counts the programs",
	  "SELECT programs <> (SELECT count(*) FROM program) FROM tally" },
	{ "every stored result is counted once",
	  "SELECT evaluations + duplicates_object <> programs FROM tally" },
	{ "verdicts sum up to the results",
	  "SELECT (SELECT coalesce(sum(count), 0) FROM counter WHERE kind = 0) <> evaluations "
	  "+ duplicates_token + duplicates_object FROM tally" },
	{ "the counter of ok counts the programs that are ok",
	  "SELECT coalesce((SELECT count FROM counter WHERE kind = 0 AND name = 'ok'), 0) <> "
	  "(SELECT count(*) FROM program WHERE verdict = 'ok')" },
	{ "tally.cells_filled counts the elites",
	  "SELECT cells_filled <> (SELECT count(*) FROM elite) FROM tally" },
	{ "the best is an elite",
	  "SELECT (best IS NULL) <> NOT EXISTS (SELECT 1 FROM elite) OR (best IS NOT NULL AND "
	  "NOT EXISTS (SELECT 1 FROM elite WHERE program = best)) FROM tally" },
	{ "the seed is the program of proposal 0",
	  "SELECT seed IS NOT (SELECT min(id) FROM program WHERE proposal = 0) FROM tally" },
	{ "an elite's last change put it there",
	  "SELECT count(*) FROM elite e WHERE e.program IS NOT "
	  "(SELECT h.program FROM history h WHERE h.cell = e.cell ORDER BY h.id DESC LIMIT 1)" },
	{ "proposal_next is beyond all proposals",
	  "SELECT proposal_next <= max((SELECT coalesce(max(proposal), -1) FROM program), "
	  "(SELECT coalesce(max(proposal), -1) FROM queue)) FROM tally" },
	{ "queue_last is beyond all queue rows",
	  "SELECT queue_last < (SELECT coalesce(max(id), 0) FROM queue) FROM tally" },
};

static int check_rules(struct archive *a, struct err *e)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		int64_t broken;
		int rc = db_number(&broken, a->db, rules[i].sql, e);

		if (rc < 0)
			return rc;
		if (broken)
			return err_set(e, ERR_FORMAT, "broken: %s", rules[i].rule);
	}
	return 0;
}

/* The first row of PRAGMA integrity_check is "ok", or else the first thing that is wrong. */
static int check_pages(struct archive *a, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, "PRAGMA integrity_check(1)", e);

	if (rc == 0)
		rc = stmt_step(q, e);
	if (rc == 1 && !text_equal(stmt_text(q, "integrity_check"), "ok"))
		rc = err_set(e, ERR_FORMAT, "%s", stmt_text(q, "integrity_check"));
	stmt_done(q);
	if (rc >= 0)
		rc = db_stmt(&q, a->db, "PRAGMA foreign_key_check", e);
	if (rc == 0 && (rc = stmt_step(q, e)) == 1)
		rc = err_set(e, ERR_FORMAT, "table %s refers to a row that is not there",
			stmt_text(q, "table"));
	stmt_done(q);
	return rc < 0 ? rc : 0;
}

static int check_score(struct archive *a, struct err *e)
{
	struct stmt *q = NULL;
	double kept, sum, size;
	int rc = db_stmt(&q, a->db, a->maximise
		? "SELECT t.qd_score AS kept, coalesce(sum(max(0.0, e.fitness - s.fitness)), 0.0) AS sum, "
		  "coalesce(sum(abs(e.fitness) + abs(s.fitness)), 0.0) AS size FROM tally t "
		  "LEFT JOIN program s ON s.id = t.seed LEFT JOIN elite e"
		: "SELECT t.qd_score AS kept, coalesce(sum(max(0.0, s.fitness - e.fitness)), 0.0) AS sum, "
		  "coalesce(sum(abs(e.fitness) + abs(s.fitness)), 0.0) AS size FROM tally t "
		  "LEFT JOIN program s ON s.id = t.seed LEFT JOIN elite e", e);

	if (rc == 0)
		rc = stmt_step(q, e);
	if (rc == 1) {
		kept = stmt_double(q, "kept");
		sum = stmt_double(q, "sum");
		size = stmt_double(q, "size");
		if (!(fabs(kept - sum) <= DRIFT * (1 + size)))
			rc = err_set(e, ERR_FORMAT, "broken: the QD score is %g and its elites give %g",
				kept, sum);
	}
	stmt_done(q);
	return rc < 0 ? rc : 0;
}

/* Every source and image must unpack. */
static int check_packed(struct archive *a, const char *what, const char *sql, struct err *e)
{
	struct stmt *q = NULL;
	int rc = db_stmt(&q, a->db, sql, e);

	while (rc == 0 && (rc = stmt_step(q, e)) == 1) {
		int64_t id = stmt_i64(q, "program");
		int64_t raw_size = stmt_i64(q, "raw_bytes");
		int64_t dictionary = stmt_i64(q, "dictionary");
		size_t size;
		const void *bytes = stmt_blob(&size, q, "bytes");
		char *raw = NULL;

		rc = codec_unpack(&raw, a->codec, dictionary, bytes, size, (size_t)raw_size, e);
		free(raw);
		if (rc < 0)
			err_in(e, "%s of program %lld", what, (long long)id);
	}
	stmt_done(q);
	return rc;
}

int audit_run(struct archive *a, struct err *e)
{
	/* One moment for all rules, whoever writes meanwhile. */
	int rc = db_begin(a->db, e);

	if (rc < 0)
		return rc;
	rc = check_pages(a, e);
	if (rc == 0)
		rc = check_rules(a, e);
	if (rc == 0)
		rc = check_score(a, e);
	if (rc == 0)
		rc = dictionary_load(a, e);
	if (rc == 0)
		rc = check_packed(a, "source",
			"SELECT program, raw_bytes, dictionary, bytes FROM source", e);
	if (rc == 0)
		rc = check_packed(a, "image",
			"SELECT program, raw_bytes, dictionary, bytes FROM image", e);
	return db_end(a->db, rc, e);
}
