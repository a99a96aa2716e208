/*
 * settings_tree.h - a tree of YAML values against the option table.
 *
 * Mappings are groups of options, keys with dots are paths; an unknown key, a wrong kind of value and
 * a value that its option refuses are errors with file, line, column and the nearest valid key.
 */
#pragma once

#include <stdbool.h>

struct campaign;
struct err;
struct yaml_tree;

/* repeats: an option may be set again, and the last one counts; otherwise that is an error. */
int settings_tree_apply(struct campaign *c, const struct yaml_tree *t, const char *file,
	bool repeats, struct err *e);
