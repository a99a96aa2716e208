#include "mutators/sketch.h"

#include <string.h>

#include "base/buffer.h"
#include "base/random.h"

int sketch_open(struct sketch *out, const struct mutator_domain *d, struct random *r,
	const char *text, size_t size, struct region region, struct err *e)
{
	struct sketch s = {
		.domain = d, .random = r, .text = text, .size = size, .region = region
	};
	int rc = tree_parse_region(&s.tree, text, size, region.start, region.end, e);

	if (rc < 0)
		return rc;
	*out = s;
	edits_init(&out->edits);
	/* The scope keeps a pointer to its tree: build it in place. */
	scope_build(&out->scope, &out->tree, region, d);
	return 0;
}

void sketch_close(struct sketch *s)
{
	edits_release(&s->edits);
	scope_release(&s->scope);
	tree_release(&s->tree);
}

int sketch_pick(const struct sketch *s, sketch_fits_fn *fits)
{
	uint64_t seen = 0;
	int pick = -1;

	for (int i = 0; i < s->tree.count; i++)
		if (s->tree.nodes[i].named &&
			tree_inside(
				&s->tree, i, (uint32_t)s->region.start, (uint32_t)s->region.end) &&
			fits(s, i) && random_below(s->random, ++seen) == 0)
			pick = i;
	return pick;
}

bool sketch_in_loop_header(const struct sketch *s, int node)
{
	for (int p = s->tree.nodes[node].parent; p >= 0; node = p, p = s->tree.nodes[p].parent) {
		int kind = s->tree.nodes[p].kind;

		if (kind == TREE_FOR_STATEMENT || kind == TREE_WHILE_STATEMENT ||
			kind == TREE_DO_STATEMENT)
			return s->tree.nodes[node].field != TREE_FIELD_BODY;
		if (kind == TREE_COMPOUND_STATEMENT)
			return false;
	}
	return false;
}

bool sketch_is_value(const struct sketch *s, int node)
{
	return scope_is_arithmetic(s->scope.types[node]) && scope_is_value(&s->scope, node) &&
		!sketch_in_loop_header(s, node);
}

void sketch_copy(struct buffer *out, const struct sketch *s, int node)
{
	buffer_add(out, tree_text(&s->tree, node), tree_bytes(&s->tree, node));
}

static bool is_simple(const struct tree *t, int node)
{
	switch (t->nodes[node].kind) {
	case TREE_IDENTIFIER:
	case TREE_NUMBER_LITERAL:
	case TREE_CALL_EXPRESSION:
	case TREE_FIELD_EXPRESSION:
	case TREE_SUBSCRIPT_EXPRESSION:
	case TREE_PARENTHESIZED_EXPRESSION:
		return true;
	default:
		return false;
	}
}

void sketch_copy_operand(struct buffer *out, const struct sketch *s, int node)
{
	bool simple = is_simple(&s->tree, node);

	buffer_add_text(out, simple ? "" : "(");
	sketch_copy(out, s, node);
	buffer_add_text(out, simple ? "" : ")");
}

/* Does the place take any expression without parentheses? */
static bool is_open_place(const struct tree *t, int node)
{
	int parent = t->nodes[node].parent;

	switch (t->nodes[parent].kind) {
	case TREE_RETURN_STATEMENT:
	case TREE_PARENTHESIZED_EXPRESSION:
	case TREE_INIT_DECLARATOR:
	case TREE_ARGUMENT_LIST: return true;
	case TREE_ASSIGNMENT_EXPRESSION:
		return t->nodes[node].field == TREE_FIELD_RIGHT;
	case TREE_SUBSCRIPT_EXPRESSION:
		return t->nodes[node].field == TREE_FIELD_INDEX;
	default:
		return false;
	}
}

void sketch_replace(struct sketch *s, int node, const char *text, bool simple)
{
	const struct tree_node *n = &s->tree.nodes[node];
	bool bare = simple || is_open_place(&s->tree, node);

	/* A space in front: `return(x)` and `-` beside another `-` stay apart. */
	edits_add(&s->edits, n->start, n->end, bare ? "%s" : "(%s)", text);
}
