/*
 * campaign.h - the settings of one campaign: defaults, then the problem's campaign.yaml or the
 * user's file, then --set and flags.
 *
 * YAML is read as libyaml events against the option table. The texts as given are kept in layers,
 * so that the archive can store them and a later campaign_parse means the same whatever became of
 * the files: the problem's campaign.yaml, the user's file, then what the command line set as "key:
 * value" lines. A comment line "#clade:problem PATH", "#clade:file PATH" or "#clade:set" begins
 * each layer; a later layer wins. Refused, with file, line and column: unknown keys, wrong types,
 * values out of range, keys that stand twice in a layer (#clade:set apart), anchors, aliases, tags,
 * a second document, bytes that are not UTF-8, more than 1 MB, nesting deeper than 8.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "orchestrator/option.h"

struct err;

enum campaign_flags { CAMPAIGN_FLAGS_FIXED, CAMPAIGN_FLAGS_ATTRIBUTES, CAMPAIGN_FLAGS_FREE };
enum campaign_unit { CAMPAIGN_UNIT_SEPARATE, CAMPAIGN_UNIT_INCLUDED };
enum campaign_parents { CAMPAIGN_PARENTS_UNIFORM, CAMPAIGN_PARENTS_RANK };

struct campaign_reference {
	char *name, *metric, *source;
	double value;
};
struct campaign_references {
	struct campaign_reference *rows;
	int count;
};

/* All strings owned; absolute paths. Field comments name the option's path. */
struct campaign {
	char *problem;     /* problem: a built-in's name or a folder */
	char *problem_dir; /* found from it; not an option */
	/* source.repo, source.commit, source.file (default seed.c of the problem) */
	char *repo, *commit, *file;
	char *function;                   /* markers.function */
	char *compiler;                   /* target.compiler */
	struct option_words target_flags; /* target.flags */
	int64_t cpu;                      /* target.cpu: first measuring CPU, -1: chosen */
	int unit;                         /* build.unit */
	char *include;                    /* build.include: folder, relative to the problem */
	struct option_words support;      /* build.support: files of the problem folder */
	int flags;                        /* flags: fixed | attributes | free */
	int64_t evaluations;              /* budget.evaluations, 0: no limit */
	int64_t wall_ns;                  /* budget.wall, 0: no limit */
	/* workers: measuring slots, 0: chosen from the machine and the problem */
	int64_t workers;
	int64_t compile_slots; /* workers.compile -> path "compile_slots"; 0: chosen */
	char *launcher;        /* launcher: template with {worker}; default "{worker}" */
	/* worker_silence: a worker that says nothing for so long is dead (20s) */
	int64_t worker_silence_ns;
	/* job_limit: a worker whose job lasts longer is taken for hung and replaced (10m) */
	int64_t job_limit_ns;
	/* seed: of the random numbers; chosen and printed when not given */
	int64_t seed;
	bool seed_given;
	int parents;      /* search.parents: uniform | rank */
	double crossover; /* search.crossover: chance of a second parent */
	/* measure.delta_min: smallest gain worth a replacement, fraction (0.02) */
	double delta_min;
	int64_t layouts, pairs; /* measure.layouts (6), measure.pairs (12 per layout) */
	/* measure.floor: an empty cell needs this share of the best ratio (0.5) */
	double floor;
	/* measure.spinning: decisions over a spinning channel where a second CPU can be leased */
	bool spinning;
	char *on_best;                         /* on_best: command run on a new best */
	struct option_pairs parameters;        /* parameters: given to the evaluator */
	struct campaign_references references; /* references: printed beside results */
	char *text;                            /* the layers as read; not an option */
	/* of the file, NULL for a built-in's default; not an option */
	char *path;
	/*
	 * where relative paths start while a layer is read, NULL: the current folder; not an option
	 */
	char *base_dir;
	/*
	 * source.file as written, and its base_dir: `file` is made of them and `repo`; not options
	 */
	char *file_given, *file_dir;
};

void campaign_init(struct campaign *c); /* defaults of the table */
void campaign_release(struct campaign *c);
/* A built-in's name, a problem folder or a campaign file. Sets problem_dir. */
int campaign_load(struct campaign *c, const char *name_or_path, struct err *e);
/* From the text stored in an archive: file_name is used in errors. */
int campaign_parse(struct campaign *c, const char *text, const char *file_name,
	const char *base_dir, struct err *e);
/* Append a setting of the command line to the text, in a #clade:set layer; option_set calls it. */
void campaign_remember(struct campaign *c, const char *path, const char *value);
/* Checks across options, after --set: files exist, flags policy fits. */
int campaign_check(const struct campaign *c, struct err *e);
