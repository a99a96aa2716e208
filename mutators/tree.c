#include "mutators/tree.h"

#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include <tree_sitter/api.h>

#include "base/err.h"
#include "base/memory.h"

#define SYMBOLS_MAX 1024
#define FIELDS_MAX 128

extern const TSLanguage *tree_sitter_c(void);

/* The grammar's numbers for our names; filled once, read only afterwards. */
static struct {
	uint8_t kinds[SYMBOLS_MAX];
	uint8_t fields[FIELDS_MAX];
} names;
static once_flag names_once = ONCE_FLAG_INIT;

static const char *const kind_names[TREE_KIND_COUNT] = {
#define TREE_KIND_ROW(id, text) [TREE_##id] = text,
	TREE_KINDS(TREE_KIND_ROW)
#undef TREE_KIND_ROW
};

static const char *const field_names[TREE_FIELD_COUNT] = {
#define TREE_FIELD_ROW(id, text) [TREE_FIELD_##id] = text,
	TREE_FIELDS(TREE_FIELD_ROW)
#undef TREE_FIELD_ROW
};

static uint8_t kind_of_name(const char *name)
{
	for (int k = TREE_ERROR + 1; k < TREE_KIND_COUNT; k++)
		if (strcmp(kind_names[k], name) == 0)
			return (uint8_t)k;
	return TREE_OTHER;
}

static void names_fill(void)
{
	const TSLanguage *c = tree_sitter_c();
	uint32_t symbols = ts_language_symbol_count(c);

	for (uint32_t i = 0; i < symbols && i < SYMBOLS_MAX; i++) {
		bool regular = ts_language_symbol_type(c, (TSSymbol)i) == TSSymbolTypeRegular;

		names.kinds[i] = regular ? kind_of_name(ts_language_symbol_name(c, (TSSymbol)i))
					 : TREE_TOKEN;
	}
	for (int f = TREE_NO_FIELD + 1; f < TREE_FIELD_COUNT; f++) {
		TSFieldId id = ts_language_field_id_for_name(
			c, field_names[f], (uint32_t)strlen(field_names[f]));

		if (id > 0 && id < FIELDS_MAX)
			names.fields[id] = (uint8_t)f;
	}
}

int tree_check_grammar(struct err *e)
{
	uint32_t version = ts_language_version(tree_sitter_c());

	if (version < TREE_SITTER_MIN_COMPATIBLE_LANGUAGE_VERSION ||
		version > TREE_SITTER_LANGUAGE_VERSION)
		return err_set(e, ERR_UNSUPPORTED,
			"the C grammar has ABI %u, the tree-sitter runtime takes %d..%d: build "
			"with tree-sitter-c 0.23.6",
			version, TREE_SITTER_MIN_COMPATIBLE_LANGUAGE_VERSION,
			TREE_SITTER_LANGUAGE_VERSION);
	if (ts_language_symbol_count(tree_sitter_c()) > SYMBOLS_MAX ||
		ts_language_field_count(tree_sitter_c()) >= FIELDS_MAX)
		return err_set(e, ERR_UNSUPPORTED,
			"the C grammar is larger than this build expects: build with tree-sitter-c "
			"0.23.6");
	return 0;
}

static void node_fill(struct tree_node *n, TSNode from, TSFieldId field)
{
	TSSymbol symbol = ts_node_symbol(from);

	n->start = ts_node_start_byte(from);
	n->end = ts_node_end_byte(from);
	n->named = ts_node_is_named(from);
	n->type = ts_node_type(from);
	n->field = field < FIELDS_MAX ? names.fields[field] : TREE_NO_FIELD;
	if (symbol < SYMBOLS_MAX)
		n->kind = n->named ? names.kinds[symbol] : TREE_TOKEN;
	else
		n->kind = TREE_ERROR;            /* ts_builtin_sym_error is 65535 */
	n->missing = ts_node_is_missing(from);
	n->next = -1;
}

/* Where a walk in the order of the text stands. */
struct walk {
	TSTreeCursor cursor;
	struct tree *tree;
	int room, parent, depth;
};

static int walk_take(struct walk *w, struct err *e)
{
	TSNode from = ts_tree_cursor_current_node(&w->cursor);
	struct tree *t = w->tree;
	struct tree_node *n;

	if (w->depth > TREE_DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "line %d: nested more than %d deep",
			tree_line(t, ts_node_start_byte(from)), TREE_DEPTH_MAX);
	if (t->count == w->room) {
		w->room = w->room ? w->room * 2 : 1024;
		t->nodes = memory_grow(t->nodes, (size_t)w->room, sizeof *t->nodes);
	}
	n = &t->nodes[t->count];
	memset(n, 0, sizeof *n);
	node_fill(n, from, ts_tree_cursor_current_field_id(&w->cursor));
	n->parent = w->parent;
	n->depth = (uint16_t)w->depth;
	t->count++;
	return 0;
}

/* To the next node in the order of the text: down, else aside, else up and aside. 0 at the end. */
static int walk_step(struct walk *w)
{
	struct tree *t = w->tree;
	int at = t->count - 1;

	if (ts_tree_cursor_goto_first_child(&w->cursor)) {
		w->parent = at;
		w->depth++;
		return 1;
	}
	for (;;) {
		t->nodes[at].last = t->count;
		if (ts_tree_cursor_goto_next_sibling(&w->cursor)) {
			t->nodes[at].next = t->count;
			return 1;
		}
		if (!ts_tree_cursor_goto_parent(&w->cursor))
			return 0;
		at = w->parent;
		w->parent = t->nodes[at].parent;
		w->depth--;
	}
}

static int flatten(struct tree *t, TSTree *from, struct err *e)
{
	struct walk w = { .tree = t, .parent = -1 };
	int rc;

	w.cursor = ts_tree_cursor_new(ts_tree_root_node(from));
	do {
		rc = walk_take(&w, e);
	} while (rc == 0 && walk_step(&w));
	ts_tree_cursor_delete(&w.cursor);
	return rc;
}

/* At least as many as any lexer of C finds. */
static int count_tokens(const char *text, size_t size)
{
	bool in_word = false;
	int count = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];
		bool word =
			(c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
		bool space = c == ' ' || c == '\t' ||
			c == '\r'; /* a newline ends a preprocessor line: a token */

		count += word ? !in_word : !space;
		in_word = word;
	}
	return count;
}

static int check_size(const char *text, size_t size, struct err *e)
{
	int tokens;

	if (size > TREE_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "the text has %zu bytes, at most %u are parsed", size,
			TREE_BYTES_MAX);
	if (memchr(text, 0, size) != NULL)
		return err_set(e, ERR_FORMAT, "the text holds a NUL byte");
	tokens = count_tokens(text, size);
	if (tokens > TREE_TOKENS_MAX)
		return err_set(e, ERR_LIMIT,
			"the text has %d words and signs, at most %d are parsed", tokens,
			TREE_TOKENS_MAX);
	return 0;
}

int tree_parse(struct tree *out, const char *text, size_t size, struct err *e)
{
	struct tree t = { .text = text, .size = size };
	TSParser *parser = NULL;
	TSTree *tree = NULL;
	int rc = check_size(text, size, e);

	if (rc < 0)
		return rc;
	call_once(&names_once, names_fill);
	parser = ts_parser_new();
	rc = ts_parser_set_language(parser, tree_sitter_c())
		? 0
		: err_set(e, ERR_UNSUPPORTED, "the C grammar does not fit the runtime");
	if (rc < 0)
		goto out;
	ts_parser_set_timeout_micros(parser, TREE_PARSE_MAX_US);
	tree = ts_parser_parse_string(parser, NULL, text, (uint32_t)size);
	rc = tree
		? flatten(&t, tree, e)
		: err_set(e, ERR_LIMIT, "parsing took longer than %d ms", TREE_PARSE_MAX_US / 1000);
out:
	ts_tree_delete(tree);
	ts_parser_delete(parser);
	if (rc < 0)
		tree_release(&t);
	else
		*out = t;
	return rc;
}

/*
 * The trouble that a node makes for the bytes [start, end): what to tell people, NULL for none. The root holds the whole text, so it
 * crosses no border, even where the region is the first thing in the file.
 */
static const char *node_trouble(const struct tree_node *n, bool root, size_t start, size_t end)
{
	bool apart = n->end < start || n->start > end || (n->start == n->end && !n->missing);
	bool crosses = !root && ((n->start < start && n->end > start && n->end < end) ||
		(n->start >= start && n->start < end && n->end > end));

	if (apart || start == end)
		return NULL;
	if (n->missing)
		return "line %d: %s is missing here";
	/* An error that merely touches the border belongs to the other side. */
	if (n->kind == TREE_ERROR && n->end > start && n->start < end)
		return "line %d: this is no C";
	return crosses ? "line %d: this %s reaches over the border of the evolved region" : NULL;
}

int tree_parse_region(
	struct tree *out, const char *text, size_t size, size_t start, size_t end, struct err *e)
{
	struct tree t;
	int rc = tree_parse(&t, text, size, e);

	if (rc < 0)
		return rc;
	for (int i = 0; i < t.count && rc == 0; i++) {
		const char *trouble = node_trouble(&t.nodes[i], i == 0, start, end);

		if (trouble != NULL)
			rc = err_set(e, ERR_FORMAT, trouble, tree_line(&t, t.nodes[i].start),
				t.nodes[i].type);
	}
	if (rc < 0)
		tree_release(&t);
	else
		*out = t;
	return rc;
}

void tree_release(struct tree *t)
{
	free(t->nodes);
	t->nodes = NULL;
	t->count = 0;
}

int tree_line(const struct tree *t, uint32_t byte)
{
	int line = 1;

	for (size_t i = 0; i < byte && i < t->size; i++)
		line += t->text[i] == '\n';
	return line;
}

int tree_first(const struct tree *t, int node)
{
	return node >= 0 && t->nodes[node].last > node + 1 ? node + 1 : -1;
}

int tree_child(const struct tree *t, int node, enum tree_field field)
{
	for (int c = tree_first(t, node); c >= 0; c = t->nodes[c].next)
		if (t->nodes[c].field == field)
			return c;
	return -1;
}

int tree_named(const struct tree *t, int node, int n)
{
	for (int c = tree_first(t, node); c >= 0; c = t->nodes[c].next)
		if (t->nodes[c].named && t->nodes[c].kind != TREE_COMMENT && n-- == 0)
			return c;
	return -1;
}

int tree_named_count(const struct tree *t, int node)
{
	int n = 0;

	for (int c = tree_first(t, node); c >= 0; c = t->nodes[c].next)
		n += t->nodes[c].named && t->nodes[c].kind != TREE_COMMENT;
	return n;
}

int tree_enclosing(const struct tree *t, int node, enum tree_kind kind)
{
	for (int p = t->nodes[node].parent; p >= 0; p = t->nodes[p].parent)
		if (t->nodes[p].kind == kind)
			return p;
	return -1;
}

bool tree_is(const struct tree *t, int node, enum tree_kind kind)
{
	return node >= 0 && t->nodes[node].kind == kind;
}

size_t tree_bytes(const struct tree *t, int node)
{
	return t->nodes[node].end - t->nodes[node].start;
}

const char *tree_text(const struct tree *t, int node)
{
	return t->text + t->nodes[node].start;
}

bool tree_text_is(const struct tree *t, int node, const char *text)
{
	return node >= 0 && tree_bytes(t, node) == strlen(text) &&
		memcmp(tree_text(t, node), text, strlen(text)) == 0;
}

static bool is_leaf(const struct tree *t, int node)
{
	return t->nodes[node].last == node + 1;
}

static int next_leaf(const struct tree *t, int at, int end)
{
	while (at < end && (!is_leaf(t, at) || t->nodes[at].kind == TREE_COMMENT))
		at++;
	return at;
}

bool tree_same_text(const struct tree *t, int a, int b)
{
	int a_end = t->nodes[a].last, b_end = t->nodes[b].last;

	for (;; a++, b++) {
		a = next_leaf(t, a, a_end);
		b = next_leaf(t, b, b_end);
		if (a == a_end || b == b_end)
			return a == a_end && b == b_end;
		if (tree_bytes(t, a) != tree_bytes(t, b) ||
			memcmp(tree_text(t, a), tree_text(t, b), tree_bytes(t, a)) != 0)
			return false;
	}
}

bool tree_inside(const struct tree *t, int node, uint32_t start, uint32_t end)
{
	return t->nodes[node].start >= start && t->nodes[node].end <= end;
}

int tree_bare(const struct tree *t, int node)
{
	while (tree_is(t, node, TREE_PARENTHESIZED_EXPRESSION) && tree_named_count(t, node) == 1)
		node = tree_named(t, node, 0);
	return node;
}
