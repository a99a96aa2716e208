/*
 * The tables of a campaign. All are STRICT. Hashes are XXH3-128 in canonical form, 16 bytes. Spans
 * are nanoseconds, calendar times are seconds since 1970 UTC. Rows of program, source, image,
 * history, progress and event are never deleted; numbers that would need a scan of them stand in
 * tally and counter and change in the same transaction.
 *
 *   meta, axis            what the campaign is
 *   program ─┬─ source    one row a program: what it is, what became of it; its text, its object
 *            ├─ image
 *            └─ operator  who made it
 *   elite ── history      the map now, and every change of it
 *   queue                 proposals on their way
 *   tally, counter, repeat, progress, event
 */
#include "archive/schema.h"

#include <stdio.h>

#include "archive/db.h"
#include "base/err.h"

/* "CLAD": says what the file is to file(1) and to us. */
#define APPLICATION_ID 0x434c4144

static const char version_1[] =
	"CREATE TABLE meta (\n"
	"	name TEXT PRIMARY KEY,           -- id, problem, settings, manifest, machine, secret, input_key, ...\n"
	"	value TEXT NOT NULL              -- text; keys and hashes as hex digits\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE axis (\n"
	"	position INTEGER PRIMARY KEY,    -- 0 first; the cell's number is mixed-radix, this axis the highest digit\n"
	"	name TEXT NOT NULL,              -- the evaluator's feature\n"
	"	unit TEXT NOT NULL,              -- of low and high; may be empty\n"
	"	low REAL NOT NULL,               -- the feature's unit; start of bin 0\n"
	"	high REAL NOT NULL,              -- the feature's unit; end of the last bin, included\n"
	"	bins INTEGER NOT NULL,           -- equal ones on the scale\n"
	"	scale INTEGER NOT NULL,          -- 0 linear, 1 log2, 2 log10\n"
	"	refuse INTEGER NOT NULL          -- 1: a value outside refuses the program, 0: it is clamped\n"
	") STRICT;\n"

	"CREATE TABLE dictionary (\n"
	"	id INTEGER PRIMARY KEY,          -- larger is newer; the newest of a kind packs new rows\n"
	"	kind INTEGER NOT NULL,           -- 0 sources, 1 images\n"
	"	programs INTEGER NOT NULL,       -- rows in program when it was made\n"
	"	bytes BLOB NOT NULL              -- zstd dictionary, or raw text used as one\n"
	") STRICT;\n"

	"CREATE TABLE operator (\n"
	"	id INTEGER PRIMARY KEY,          -- any\n"
	"	mutator TEXT NOT NULL,           -- name of the mutator\n"
	"	operation TEXT NOT NULL,         -- its operation\n"
	"	UNIQUE (mutator, operation)\n"
	") STRICT;\n"

	"CREATE TABLE program (\n"
	"	id INTEGER PRIMARY KEY,          -- in the order of commits; parents have smaller ones\n"
	"	name BLOB NOT NULL,              -- hash of source and flags, unkeyed: the id that people see\n"
	"	proposal INTEGER NOT NULL,       -- number of the proposal; 0 is the seed\n"
	"	operator INTEGER REFERENCES operator,  -- NULL: the seed\n"
	"	parent_1 INTEGER REFERENCES program,   -- NULL: the seed\n"
	"	parent_2 INTEGER REFERENCES program,   -- NULL: it has one parent\n"
	"	parent_3 INTEGER REFERENCES program,   -- NULL: it has fewer\n"
	"	parent_4 INTEGER REFERENCES program,   -- NULL: it has fewer\n"
	"	depth INTEGER NOT NULL,          -- steps from the seed along the first parents\n"
	"	duplicate_of INTEGER REFERENCES program,  -- the program whose object it repeats\n"
	"	verdict TEXT NOT NULL,           -- name in the verdict table; ok is the only success\n"
	"	reason TEXT,                     -- why not ok, for people\n"
	"	fitness REAL,                    -- the evaluator's unit; not NULL exactly when ok\n"
	"	fitness_low REAL,                -- lower end of its interval, the same unit\n"
	"	fitness_high REAL,               -- upper end of its interval, the same unit\n"
	"	pairs INTEGER NOT NULL,          -- timed pairs behind the fitness\n"
	"	metrics TEXT,                    -- JSON object: name to value\n"
	"	cell INTEGER,                    -- of the grid; NULL: none\n"
	"	feature_1 REAL,                  -- on axis 0, in its unit, before clamping\n"
	"	feature_2 REAL,                  -- on axis 1; NULL: there is none\n"
	"	feature_3 REAL,                  -- on axis 2; NULL: there is none\n"
	"	feature_4 REAL,                  -- on axis 3; NULL: there is none\n"
	"	code_bytes INTEGER NOT NULL,     -- size of the machine code\n"
	"	created_s INTEGER NOT NULL,      -- calendar time of the commit\n"
	"	wall_ns INTEGER NOT NULL,        -- spent on it in all stages\n"
	"	cpu_ns INTEGER NOT NULL,         -- the same as CPU time\n"
	"	token BLOB NOT NULL,             -- keyed hash of the evolved region's tokens\n"
	"	object BLOB,                     -- keyed hash of the stripped object; NULL: it was not compiled\n"
	"	flags TEXT,                      -- JSON array of gene flags\n"
	"	holdout TEXT                     -- JSON of the confirmation on inputs that the search never saw\n"
	") STRICT;\n"
	"CREATE INDEX program_name ON program (name);\n"
	"CREATE INDEX program_token ON program (token);\n"
	"CREATE INDEX program_object ON program (object) WHERE object IS NOT NULL;\n"
	"CREATE INDEX program_verdict ON program (verdict);\n"
	"CREATE INDEX program_fitness ON program (fitness) WHERE fitness IS NOT NULL;\n"

	"CREATE TABLE source (\n"
	"	program INTEGER PRIMARY KEY REFERENCES program,  -- whose text it is\n"
	"	raw_bytes INTEGER NOT NULL,      -- size of the text\n"
	"	dictionary INTEGER REFERENCES dictionary,  -- NULL: packed without\n"
	"	bytes BLOB NOT NULL              -- one zstd frame\n"
	") STRICT;\n"

	"CREATE TABLE image (\n"
	"	program INTEGER PRIMARY KEY REFERENCES program,  -- whose object it is\n"
	"	raw_bytes INTEGER NOT NULL,      -- size of the object file\n"
	"	dictionary INTEGER REFERENCES dictionary,  -- NULL: packed without\n"
	"	bytes BLOB NOT NULL              -- one zstd frame\n"
	") STRICT;\n"

	"CREATE TABLE elite (\n"
	"	cell INTEGER PRIMARY KEY,        -- of the grid\n"
	"	program INTEGER NOT NULL REFERENCES program,  -- who holds it\n"
	"	fitness REAL NOT NULL            -- the program's, so that the best is found without reading it\n"
	") STRICT;\n"
	"CREATE INDEX elite_fitness ON elite (fitness);\n"

	"CREATE TABLE history (\n"
	"	id INTEGER PRIMARY KEY,          -- in the order of changes\n"
	"	cell INTEGER NOT NULL,           -- of the grid\n"
	"	program INTEGER NOT NULL REFERENCES program,  -- who took or left it\n"
	"	fitness REAL NOT NULL,           -- the evaluator's unit, as it was at that moment\n"
	"	elapsed_ns INTEGER NOT NULL,     -- campaign wall time, all sessions\n"
	"	why TEXT NOT NULL                -- new, improved, rescored; else why it was demoted\n"
	") STRICT;\n"
	"CREATE INDEX history_cell ON history (cell);\n"

	"CREATE TABLE progress (\n"
	"	id INTEGER PRIMARY KEY,          -- one row a change of the map\n"
	"	evaluations INTEGER NOT NULL,    -- committed by then\n"
	"	elapsed_ns INTEGER NOT NULL,     -- campaign wall time, all sessions\n"
	"	best REAL,                       -- fitness of the best elite; NULL: none\n"
	"	qd_score REAL NOT NULL,          -- as in tally\n"
	"	cells_filled INTEGER NOT NULL    -- cells with an elite\n"
	") STRICT;\n"

	"CREATE TABLE queue (\n"
	"	id INTEGER PRIMARY KEY,          -- never given twice: tally.queue_last\n"
	"	proposal INTEGER NOT NULL,       -- its number\n"
	"	tries INTEGER NOT NULL,          -- times it was sent to a worker and lost\n"
	"	payload TEXT NOT NULL            -- JSON of the orchestrator\n"
	") STRICT;\n"

	"CREATE TABLE tally (\n"
	"	id INTEGER PRIMARY KEY CHECK (id = 1),   -- one row\n"
	"	evaluations INTEGER NOT NULL,    -- results committed, duplicates not counted\n"
	"	programs INTEGER NOT NULL,       -- rows of program\n"
	"	duplicates_token INTEGER NOT NULL,       -- results that repeated a program's tokens\n"
	"	duplicates_object INTEGER NOT NULL,      -- results that repeated a program's object\n"
	"	spared_cpu_ns INTEGER NOT NULL,  -- what the duplicates would have cost\n"
	"	clamped INTEGER NOT NULL,        -- features pulled to a border\n"
	"	cells_filled INTEGER NOT NULL,   -- rows of elite\n"
	"	qd_score REAL NOT NULL,          -- sum over elites of the gain on the seed, at least 0 each\n"
	"	best INTEGER REFERENCES program, -- the elite of the best fitness; NULL: none\n"
	"	seed INTEGER REFERENCES program, -- the program of proposal 0; NULL: not committed yet\n"
	"	queue_last INTEGER NOT NULL,     -- largest id that queue ever gave\n"
	"	proposal_next INTEGER NOT NULL,  -- one more than ever queued or committed\n"
	"	elapsed_ns INTEGER NOT NULL,     -- campaign wall time, all sessions\n"
	"	state TEXT NOT NULL              -- new, running, stopped, finished, failed\n"
	") STRICT;\n"
	"INSERT INTO tally VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0.0, NULL, NULL, 0, 0, 0, 'new');\n"

	"CREATE TABLE counter (\n"
	"	kind INTEGER NOT NULL,           -- 0 verdict, 1 stage, 2 operator\n"
	"	name TEXT NOT NULL,              -- of the verdict or stage; mutator/operation\n"
	"	count INTEGER NOT NULL,          -- results\n"
	"	wall_ns INTEGER NOT NULL,        -- spent on them\n"
	"	cpu_ns INTEGER NOT NULL,         -- the same as CPU time\n"
	"	chosen INTEGER NOT NULL,         -- stage: rejected there; operator: entered the map; verdict: 0\n"
	"	PRIMARY KEY (kind, name)\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE repeat (\n"
	"	program INTEGER NOT NULL REFERENCES program,  -- what was proposed again\n"
	"	level TEXT NOT NULL,             -- token or object\n"
	"	count INTEGER NOT NULL,          -- times\n"
	"	PRIMARY KEY (program, level)\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE event (\n"
	"	id INTEGER PRIMARY KEY,          -- in the order of events\n"
	"	created_s INTEGER NOT NULL,      -- calendar time\n"
	"	kind TEXT NOT NULL,              -- state, machine, ...\n"
	"	text TEXT NOT NULL               -- for people\n"
	") STRICT;\n";

const struct schema_step schema_steps[] = {
	{ version_1 },
};
const int schema_latest = sizeof(schema_steps) / sizeof(schema_steps[0]);

static int refuse_newer(int64_t version, int count, struct err *e)
{
	return err_set(e, ERR_FORMAT, "it is of a newer version (its schema is %lld, this program knows %d): "
		"update clade", (long long)version, count);
}

static int apply(struct db *db, const struct schema_step *step, int version, struct err *e)
{
	char mark[96];
	int rc = db_begin(db, e);

	if (rc < 0)
		return rc;
	rc = db_run(db, step->sql, e);
	snprintf(mark, sizeof(mark), "PRAGMA user_version = %d; PRAGMA application_id = %d;", version,
		APPLICATION_ID);
	if (rc == 0)
		rc = db_run(db, mark, e);
	rc = db_end(db, rc, e);
	if (rc < 0)
		err_in(e, "schema step %d", version);
	return rc;
}

int schema_upgrade(struct db *db, const struct schema_step *steps, int count, struct err *e)
{
	int64_t version;
	int rc = db_number(&version, db, "PRAGMA user_version", e);

	if (rc < 0)
		return rc;
	if (version > count)
		return refuse_newer(version, count, e);
	for (int i = (int)version; rc == 0 && i < count; i++)
		rc = apply(db, &steps[i], i + 1, e);
	return rc;
}

int schema_check(struct db *db, bool may_upgrade, struct err *e)
{
	int64_t version, application = 0;
	int rc = db_number(&version, db, "PRAGMA user_version", e);

	if (rc == 0)
		rc = db_number(&application, db, "PRAGMA application_id", e);
	if (rc < 0)
		return rc;
	if (application != APPLICATION_ID || version < 1)
		return err_set(e, ERR_FORMAT, "it is not a campaign");
	if (version > schema_latest)
		return refuse_newer(version, schema_latest, e);
	if (version < schema_latest && !may_upgrade)
		return err_set(e, ERR_FORMAT, "it is of an older version: `clade resume` upgrades it");
	return schema_upgrade(db, schema_steps, schema_latest, e);
}
