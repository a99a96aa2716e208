#include "orchestrator/yaml_tree.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/err.h"
#include "base/memory.h"
#include "base/text.h"

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	const char *file, *text;
	int nodes;
	bool repeats;
	struct err *e;
};

static int refuse(struct reader *r, yaml_mark_t at, int code, const char *why)
{
	return err_set(r->e, code, "%s:%zu:%zu: %s", r->file, at.line + 1, at.column + 1, why);
}

/* ---- bytes ---- */

/*
 * Length of the UTF-8 sequence at s (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF),
 * 0 when it is none.
 */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	static const struct {
		unsigned char low, high, next_low, next_high;
		size_t length;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		size_t length = forms[i].length;

		if (s[0] < forms[i].low || s[0] > forms[i].high)
			continue;
		if (length > left ||
			(length > 1 && (s[1] < forms[i].next_low || s[1] > forms[i].next_high)))
			return 0;
		for (size_t k = 2; k < length; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		}
		return length;
	}
	return 0;
}

static int check_bytes(const char *text, size_t size, const char *file, struct err *e)
{
	const unsigned char *s = (const unsigned char *)text;
	int line = 1, column = 1;

	if (size > YAML_TREE_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "%s: %zu bytes; at most %u are read", file, size,
			YAML_TREE_BYTES_MAX);
	for (size_t i = 0; i < size;) {
		size_t length = utf8_length(s + i, size - i);

		if (length == 0)
			return err_set(e, ERR_FORMAT, "%s:%d:%d: byte 0x%02x is not UTF-8", file,
				line, column, s[i]);
		if ((s[i] < ' ' && s[i] != '\n' && s[i] != '\t' && s[i] != '\r') || s[i] == 0x7f)
			return err_set(e, ERR_FORMAT, "%s:%d:%d: control character 0x%02x", file,
				line, column, s[i]);
		column = s[i] == '\n' ? 1 : column + 1;
		line += s[i] == '\n';
		i += length;
	}
	return 0;
}

/* Is the white space that begins line (from 0) of the text indented with a tab? */
static bool has_tab_indent(const struct reader *r, size_t line)
{
	const char *at = r->text;

	for (; line > 0 && at; line--) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return at && memchr(at, '\t', strspn(at, " \t"));
}

static int broken(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	yaml_mark_t at = p->problem_mark;
	char *why;

	if (has_tab_indent(r, at.line))
		return refuse(r, at, ERR_FORMAT, "a tab indents this line: YAML wants spaces");
	why = text_format("%s%s%s", p->problem ? p->problem : "this is not YAML",
		p->context ? " " : "", p->context ? p->context : "");
	refuse(r, at, ERR_FORMAT, why);
	free(why);
	return ERR_FORMAT;
}

/* ---- events ---- */

static int next(struct reader *r)
{
	yaml_event_delete(&r->event);
	return yaml_parser_parse(&r->parser, &r->event) ? 0 : broken(r);
}

static int check_plain(struct reader *r)
{
	const yaml_event_t *v = &r->event;
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (v->type == YAML_ALIAS_EVENT)
		return refuse(r, v->start_mark, ERR_FORMAT,
			"an alias (*name) is refused: write the value out");
	if (v->type == YAML_SCALAR_EVENT) {
		anchor = v->data.scalar.anchor;
		tag = v->data.scalar.tag;
	} else if (v->type == YAML_SEQUENCE_START_EVENT) {
		anchor = v->data.sequence_start.anchor;
		tag = v->data.sequence_start.tag;
	} else if (v->type == YAML_MAPPING_START_EVENT) {
		anchor = v->data.mapping_start.anchor;
		tag = v->data.mapping_start.tag;
	}
	if (anchor)
		return refuse(r, v->start_mark, ERR_FORMAT,
			"an anchor (&name) is refused: write the value out where it is needed");
	if (tag)
		return refuse(r, v->start_mark, ERR_FORMAT,
			"a tag (!type) is refused: the option's own type counts");
	return 0;
}

static int read_node(struct yaml_tree *out, struct reader *r, int depth);

static struct yaml_tree *add_child(struct yaml_tree *t)
{
	if ((t->count & (t->count - 1)) == 0)
		t->children = memory_grow(
			t->children, t->count ? 2 * (size_t)t->count : 1, sizeof *t->children);
	t->children[t->count] = (struct yaml_tree){ 0 };
	return &t->children[t->count++];
}

static int read_sequence(struct yaml_tree *t, struct reader *r, int depth)
{
	int rc = next(r);

	while (rc == 0 && r->event.type != YAML_SEQUENCE_END_EVENT) {
		rc = read_node(add_child(t), r, depth + 1);
		if (rc == 0)
			rc = next(r);
	}
	return rc;
}

static int check_key(struct reader *r, const struct yaml_tree *t)
{
	const yaml_event_t *v = &r->event;
	char *why = NULL;
	int rc = check_plain(r);

	if (rc < 0)
		return rc;
	if (v->type != YAML_SCALAR_EVENT || v->data.scalar.length == 0)
		return refuse(r, v->start_mark, ERR_FORMAT, "a key must be a text");
	for (int i = 0; i < t->count && !why && !r->repeats; i++) {
		if (strcmp(t->children[i].key, (const char *)v->data.scalar.value) == 0)
			why = text_format("key '%s' stands here again, first in line %d",
				t->children[i].key, t->children[i].line);
	}
	if (why)
		rc = refuse(r, v->start_mark, ERR_FORMAT, why);
	free(why);
	return rc;
}

static int read_mapping(struct yaml_tree *t, struct reader *r, int depth)
{
	int rc = next(r);

	while (rc == 0 && r->event.type != YAML_MAPPING_END_EVENT) {
		yaml_mark_t at = r->event.start_mark;
		struct yaml_tree *child;

		rc = check_key(r, t);
		if (rc < 0)
			return rc;
		child = add_child(t);
		child->key = text_copy((const char *)r->event.data.scalar.value);
		rc = next(r);
		if (rc == 0)
			rc = read_node(child, r, depth + 1);
		child->line = (int)at.line + 1;
		child->column = (int)at.column + 1;
		if (rc == 0)
			rc = next(r);
	}
	return rc;
}

/* The event in hand begins the node; the event in hand afterwards is its last one. */
static int read_node(struct yaml_tree *out, struct reader *r, int depth)
{
	const yaml_event_t *v = &r->event;
	int rc = check_plain(r);

	if (rc < 0)
		return rc;
	out->line = (int)v->start_mark.line + 1;
	out->column = (int)v->start_mark.column + 1;
	if (depth > YAML_TREE_DEPTH_MAX)
		return refuse(r, v->start_mark, ERR_LIMIT, "nested deeper than any setting is");
	if (++r->nodes > YAML_TREE_NODES_MAX)
		return refuse(r, v->start_mark, ERR_LIMIT, "more values than any campaign has");
	if (v->type == YAML_SCALAR_EVENT) {
		out->kind = YAML_TREE_SCALAR;
		out->text = text_copy_n((const char *)v->data.scalar.value, v->data.scalar.length);
		out->empty = v->data.scalar.length == 0 &&
			v->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		/* "\0" in a quoted text would cut it short unseen. */
		if (strlen(out->text) != v->data.scalar.length)
			return refuse(r, v->start_mark, ERR_FORMAT, "the text holds a zero byte");
		return 0;
	}
	if (v->type == YAML_SEQUENCE_START_EVENT) {
		out->kind = YAML_TREE_SEQUENCE;
		return read_sequence(out, r, depth);
	}
	out->kind = YAML_TREE_MAPPING;
	return read_mapping(out, r, depth);
}

static int read_document(struct yaml_tree **out, struct reader *r)
{
	struct yaml_tree *root;
	int rc = next(r); /* the stream's start */

	if (rc == 0)
		rc = next(r);
	if (rc < 0 || r->event.type == YAML_STREAM_END_EVENT)
		return rc;
	root = memory_alloc(sizeof *root);
	if (r->event.data.document_start.tag_directives.start !=
		r->event.data.document_start.tag_directives.end)
		rc = refuse(r, r->event.start_mark, ERR_FORMAT,
			"a %TAG directive is refused: tags are not used");
	if (rc == 0)
		rc = next(r);
	if (rc == 0)
		rc = read_node(root, r, 1);
	if (rc == 0)
		rc = next(r); /* the document's end */
	if (rc == 0)
		rc = next(r);
	if (rc == 0 && r->event.type != YAML_STREAM_END_EVENT)
		rc = refuse(r, r->event.start_mark, ERR_FORMAT,
			"a second document begins here: one campaign is one document");
	if (rc < 0)
		yaml_tree_free(root);
	else
		*out = root;
	return rc;
}

int yaml_tree_parse(struct yaml_tree **out, const char *text, size_t size, const char *file_name,
	bool repeats, struct err *e)
{
	struct reader r = { .file = file_name, .text = text, .repeats = repeats, .e = e };
	struct yaml_tree *root = NULL;
	int rc = check_bytes(text, size, file_name, e);

	if (rc < 0)
		return rc;
	if (!yaml_parser_initialize(&r.parser))
		return err_set(e, ERR_LIMIT, "libyaml does not start");
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
	rc = read_document(&root, &r);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	if (rc == 0)
		*out = root;
	return rc;
}

static void release(struct yaml_tree *t)
{
	for (int i = 0; i < t->count; i++)
		release(&t->children[i]);
	free(t->children);
	free(t->key);
	free(t->text);
}

void yaml_tree_free(struct yaml_tree *t)
{
	if (!t)
		return;
	release(t);
	free(t);
}
