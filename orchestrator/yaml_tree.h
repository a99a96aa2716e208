/*
 * yaml_tree.h - the small part of YAML that settings need, as a tree that knows the place of every
 * value.
 *
 * Scalars, sequences and mappings with texts as keys. Refused, each with file, line and column:
 * anchors, aliases, tags, a second document, keys that are no text, the same key twice in one
 * mapping (unless asked for), bytes that are not UTF-8, control characters, and what is larger than
 * the caps below.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;

#define YAML_TREE_BYTES_MAX (1u << 20)
#define YAML_TREE_DEPTH_MAX 8
#define YAML_TREE_NODES_MAX 20000

enum yaml_tree_kind { YAML_TREE_SCALAR, YAML_TREE_SEQUENCE, YAML_TREE_MAPPING };
struct yaml_tree {
	enum yaml_tree_kind kind;
	/* from 1; of the key where the node is a value of a mapping */
	int line, column;
	char *key;                  /* in a mapping; owned */
	char *text;                 /* scalar; owned */
	bool empty;                 /* an unquoted scalar without text: "key:" */
	struct yaml_tree *children; /* owned */
	int count;
};
/*
 * text ends with a NUL behind size. *out stays as it is for a text that holds no document.
 * file_name is for errors. repeats: a key may stand again.
 */
int yaml_tree_parse(struct yaml_tree **out, const char *text, size_t size, const char *file_name,
	bool repeats, struct err *e);
void yaml_tree_free(struct yaml_tree *t);
