/*
 * archive.h - one campaign, one SQLite file (WAL, synchronous FULL, STRICT tables). The file is the campaign.
 *
 * One writer (the orchestrator), any number of readers at any moment. Every result is one transaction (archive_commit): kill the
 * process anywhere and the file holds exactly the committed results and the queue of what was in flight. SQL stands only in this folder;
 * the schema with a comment and unit for every column is archive/schema.c. Sources and images are zstd-compressed.
 *
 * Errors: ERR_MISSING no such file or row, ERR_FORMAT not a campaign or of a newer version, ERR_BUSY held by another writer (e names its pid),
 * ERR_FULL disk full (the transaction is rolled back and the file intact), ERR_DATABASE anything else of SQLite.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/grid.h"
#include "base/hash.h"

struct err;
struct archive;

enum archive_mode { ARCHIVE_READ, ARCHIVE_WRITE };

/* What is fixed when a campaign is made. Texts are borrowed. */
struct archive_birth {
	const char *problem;           /* name */
	const char *problem_dir;       /* absolute */
	const char *settings;          /* the campaign file as given, YAML text */
	const char *manifest;          /* evaluator's declarations, JSON */
	const char *machine;           /* fingerprint of the target, JSON */
	const char *source_repo;       /* absolute path of the git repository or NULL; */
	const char *source_commit;     /* 40 hex digits or NULL */
	const char *source_path;       /* path of the seed in the repository, or the plain file */
	struct grid grid;
	bool maximise;                 /* direction of fitness */
	uint64_t seed;                 /* of the search's random numbers */
	struct hash_secret secret;     /* keys the hashes of this campaign */
	uint8_t input_key[32];         /* keys the evaluator's inputs */
};

/* ERR_BUSY when the file exists. The writer's lock is held from here to archive_close. */
int archive_create(struct archive **out, const char *path, const struct archive_birth *birth, struct err *e);
/* Writing takes the lock: an flock on PATH-lock beside the file, with the holder's pid in it, since SQLite's own lock is per transaction. */
int archive_open(struct archive **out, const char *path, enum archive_mode mode, struct err *e);
void archive_close(struct archive *a);
/* The pid of the process that holds the campaign for writing, 0 when nobody does. */
int archive_holder(const char *path);

/* ---- facts of the campaign ---- */
const char *archive_id(const struct archive *a);               /* 32 hex digits, made at creation */
const struct grid *archive_grid(const struct archive *a);
bool archive_maximise(const struct archive *a);
const struct hash_secret *archive_secret(const struct archive *a);
/* A meta value by name ("problem", "problem_dir", "settings", "manifest", "machine", "source_repo", "source_commit", "source_path", "seed", "input_key", "created_s", ...);
 * *out NULL when unset; caller frees. */
int archive_meta(char **out, struct archive *a, const char *name, struct err *e);
int archive_meta_set(struct archive *a, const char *name, const char *value, struct err *e);

/* ---- one program ---- */
struct archive_program {
	int64_t id;                    /* 0: not in the archive */
	struct hash name;              /* of source and flags, unkeyed: the id that people see, any unique hex prefix of it */
	int64_t proposal;              /* number k of the proposal, 0 is the seed */
	char *source; size_t source_bytes;   /* owned; NULL in lists that do not ask for it */
	char *flags;                   /* JSON array of gene flags; owned */
	struct hash token, object;
	bool has_object;
	char *mutator, *operation;     /* who made it, by which operator; owned */
	int64_t parents[4]; int parent_count;
	int depth;                     /* lineage length: seed 0 */
	char *verdict, *reason;        /* name of the verdict table; reason may be NULL; owned */
	double fitness;                /* NAN unless ok */
	double fitness_low, fitness_high;    /* interval where fitness is a measured ratio, else equal to fitness */
	char *metrics;                 /* JSON object name -> value; owned */
	int64_t cell;                  /* -1: none */
	double features[GRID_AXES_MAX];
	int64_t code_bytes;
	int64_t created_s;             /* calendar */
	int64_t wall_ns, cpu_ns;       /* spent on it in all stages */
	int64_t pairs;                 /* timed pairs behind the score */
	bool elite;                    /* holds a cell now */
	char *holdout;                 /* JSON of the confirmation, or NULL */
};
void archive_program_release(struct archive_program *p);

/* What happened to the map. Ordered (after pyribs): a larger status is the better news. */
enum archive_add { ARCHIVE_NOT_ADDED, ARCHIVE_IMPROVED, ARCHIVE_NEW };

#define ARCHIVE_STAGES_MAX 12
struct archive_stage_cost { const char *stage; int64_t wall_ns, cpu_ns; bool rejected; };

/* One result of the search: everything that one transaction writes. Texts and blobs are borrowed. */
struct archive_result {
	const struct archive_program *program;   /* id is ignored; verdict, metrics, cell, ... filled */
	const void *image; size_t image_bytes;   /* the object, kept for byte comparison; size 0: none */
	bool takes_cell;               /* the caller decided that it becomes the elite of program->cell */
	const char *duplicate_level;   /* NULL, or "token" / "object": program->id then names nothing; see of */
	int64_t duplicate_of;          /* id of the program it repeats */
	int64_t spared_cpu_ns;         /* what that program had cost */
	int clamped;                   /* axes on which a feature was out of range */
	struct archive_stage_cost stages[ARCHIVE_STAGES_MAX]; int stage_count;
	int64_t queue_id;              /* the queue row that this result settles, 0: none */
	int64_t elapsed_ns;            /* campaign wall time so far, all sessions */
	const char *event; const char *event_text;   /* optional row of events */
};
/* Commit one result. *id: the program's new id (a token duplicate stores no program row: only its counters; id 0). *added: what the map did. */
int archive_commit(int64_t *id, enum archive_add *added, struct archive *a, const struct archive_result *r, struct err *e);
/* New scores for an elite that was measured again (other fingerprint, re-test); history keeps the old one. */
int archive_rescore(struct archive *a, int64_t id, double fitness, double low, double high, const char *metrics_json, int64_t pairs, struct err *e);
int archive_set_holdout(struct archive *a, int64_t id, const char *json, struct err *e);
/* Remove an elite that no longer passes; its cell falls empty and history says why. */
int archive_demote(struct archive *a, int64_t id, const char *why, struct err *e);

/*
 * A batch makes one transaction of the calls between its ends, each of them a part that fails alone; one sync to disk instead of one a
 * call. When the disk is full the whole batch may be undone: archive_batch_end fails then, and all of its calls have not happened.
 */
int archive_batch_begin(struct archive *a, struct err *e);
int archive_batch_end(struct archive *a, struct err *e);

/* ---- screens ---- */
/* 1 and *id of the first program with this token hash / object hash, else 0. The caller compares the bytes (archive_source, archive_image). */
int archive_find_token(int64_t *id, struct archive *a, const struct hash *token, struct err *e);
int archive_find_object(int64_t *id, struct archive *a, const struct hash *object, struct err *e);
int archive_image(void **bytes, size_t *size, struct archive *a, int64_t id, struct err *e);

/* ---- queue: proposals on their way, so that nothing in flight is lost ---- */
struct archive_queued { int64_t id; int64_t proposal; char *payload; /* the orchestrator's own JSON, owned */ int tries; };
int archive_queue_add(int64_t *id, struct archive *a, int64_t proposal, const char *payload, struct err *e);
int archive_queue_tried(struct archive *a, int64_t id, struct err *e);       /* one more try */
int archive_queue_drop(struct archive *a, int64_t id, struct err *e);
int archive_queue_list(struct archive_queued **out, int *count, struct archive *a, struct err *e);
void archive_queue_free(struct archive_queued *list, int count);
/* The next proposal number: one more than ever queued or committed. */
int archive_next_proposal(int64_t *k, struct archive *a, struct err *e);

/* ---- reading ---- */
struct archive_totals {
	int64_t evaluations;           /* results committed, duplicates not counted */
	int64_t duplicates_token, duplicates_object;
	int64_t spared_cpu_ns;
	int64_t programs;              /* rows */
	int64_t clamped;
	int64_t cells_filled, cells;
	double qd_score;               /* sum over filled cells of the fitness distance to the seed in the fitness' direction, at least 0 */
	int64_t best_id;               /* 0: none */
	double best, best_low, best_high, seed_fitness;
	int64_t elapsed_ns;
	int64_t queued;
	char state[16];                /* "running", "stopped", "finished", "failed", "new" */
};
int archive_totals(struct archive_totals *out, struct archive *a, struct err *e);
int archive_set_state(struct archive *a, const char *state, const char *why, struct err *e);
int archive_set_elapsed(struct archive *a, int64_t elapsed_ns, struct err *e);

struct archive_count { char name[96]; int64_t count; int64_t wall_ns, cpu_ns, rejected; };
int archive_verdicts(struct archive_count **out, int *count, struct archive *a, struct err *e);    /* caller frees the array */
int archive_stages(struct archive_count **out, int *count, struct archive *a, struct err *e);
int archive_operators(struct archive_count **out, int *count, struct archive *a, struct err *e);   /* "mutator/operator": proposed in count, those that entered the map in rejected */

int archive_program(struct archive_program *out, struct archive *a, int64_t id, bool with_source, struct err *e);   /* 1, or 0 no such id */
/* The program of a unique hex prefix (4 digits at least) of its name, or "best", "seed". ERR_MISSING, or ERR_ARGS naming candidates when ambiguous. */
int archive_resolve(int64_t *id, struct archive *a, const char *prefix, struct err *e);
struct archive_filter {
	const char *verdict;           /* NULL: any */
	bool elites_only;
	bool by_fitness;               /* best first; else newest first */
	int limit;                     /* 0: 20 */
	int64_t before_id;             /* cursor for newest first, 0: from the end */
};
int archive_list(struct archive_program **out, int *count, struct archive *a, const struct archive_filter *f, struct err *e);
void archive_programs_free(struct archive_program *list, int count);
/* All current elites, without sources: id, cell, fitness, depth, token, name. Cells ascending. */
int archive_elites(struct archive_program **out, int *count, struct archive *a, struct err *e);
/* First parents from id up to the seed, id first. */
int archive_lineage(struct archive_program **out, int *count, struct archive *a, int64_t id, struct err *e);

struct archive_point { int64_t evaluations, elapsed_ns; double best, qd_score; int64_t cells_filled; };
int archive_progress(struct archive_point **out, int *count, struct archive *a, int most, struct err *e);   /* thinned to most points */
struct archive_change { int64_t cell, program, elapsed_ns; double fitness; char why[32]; };
int archive_history(struct archive_change **out, int *count, struct archive *a, int64_t cell, struct err *e); /* cell -1: all, newest last */
struct archive_event { int64_t id, created_s; char kind[32]; char *text; };
int archive_events(struct archive_event **out, int *count, struct archive *a, int64_t after_id, int most, struct err *e);
void archive_events_free(struct archive_event *list, int count);
int archive_event_add(struct archive *a, const char *kind, const char *text, struct err *e);

/* Copy the campaign to path while it may be written (sqlite3_backup with this connection). ERR_BUSY when path exists. */
int archive_backup(struct archive *a, const char *path, struct err *e);
/* PRAGMA integrity_check and foreign_key_check, and our own invariants (elites ok and in their cell, counters equal to the rows). 0, or ERR_FORMAT naming the first break. */
int archive_verify(struct archive *a, struct err *e);
