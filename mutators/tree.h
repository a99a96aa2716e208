/*
 * tree.h - a C text's concrete syntax tree as one flat array: the only place where tree-sitter is
 * seen.
 *
 *      text ─ tree-sitter-c ─▶ its tree ─ a cursor, never recursion ─▶ nodes[0..count)
 *
 * A node's descendants are the nodes [i + 1, nodes[i].last), in the order of the text, so every pass is a loop. Tokens
 * (operators, braces) are nodes too, with named == false. Nothing here recurses and nesting is
 * capped, so hostile text costs time and memory within named limits, not stack.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_BYTES_MAX (1u << 20)
/*
 * The packaged runtime (0.20.7) corrupts its heap when one ERROR node gets 65,536 children ("*"
 * 70,000 times does it), so a text that could have as many tokens is not shown to it. Words and
 * signs are counted, those in comments too: 60,000 is some 300 KB of usual C.
 */
#define TREE_TOKENS_MAX 60000
#define TREE_DEPTH_MAX 200
/* A valve against texts that make the parser's recovery quadratic. */
#define TREE_PARSE_MAX_US 5000000

/*
 * Node types of tree-sitter-c 0.23.6 that some pass looks at; everything else is TREE_OTHER (named)
 * or TREE_TOKEN.
 */
#define TREE_KINDS(X) \
	X(ABSTRACT_ARRAY_DECLARATOR, "abstract_array_declarator") \
	X(ABSTRACT_POINTER_DECLARATOR, "abstract_pointer_declarator") \
	X(ALIGNOF_EXPRESSION, "alignof_expression") X(ARGUMENT_LIST, "argument_list") \
	X(ARRAY_DECLARATOR, "array_declarator") X(ASSIGNMENT_EXPRESSION, "assignment_expression") \
	X(ATTRIBUTE_SPECIFIER, "attribute_specifier") X(BINARY_EXPRESSION, "binary_expression") \
	X(BREAK_STATEMENT, "break_statement") X(CALL_EXPRESSION, "call_expression") \
	X(CASE_STATEMENT, "case_statement") X(CAST_EXPRESSION, "cast_expression") \
	X(CHAR_LITERAL, "char_literal") X(COMMA_EXPRESSION, "comma_expression") \
	X(COMMENT, "comment") X(COMPOUND_LITERAL, "compound_literal_expression") \
	X(COMPOUND_STATEMENT, "compound_statement") \
	X(CONDITIONAL_EXPRESSION, "conditional_expression") \
	X(CONTINUE_STATEMENT, "continue_statement") X(DECLARATION, "declaration") \
	X(DO_STATEMENT, "do_statement") X(ELSE_CLAUSE, "else_clause") \
	X(ENUM_SPECIFIER, "enum_specifier") X(EXPRESSION_STATEMENT, "expression_statement") \
	X(FIELD_DECLARATION, "field_declaration") X(FIELD_EXPRESSION, "field_expression") \
	X(FIELD_IDENTIFIER, "field_identifier") X(FOR_STATEMENT, "for_statement") \
	X(FUNCTION_DECLARATOR, "function_declarator") \
	X(FUNCTION_DEFINITION, "function_definition") X(GOTO_STATEMENT, "goto_statement") \
	X(IDENTIFIER, "identifier") X(IF_STATEMENT, "if_statement") \
	X(INIT_DECLARATOR, "init_declarator") X(INITIALIZER_LIST, "initializer_list") \
	X(LABELED_STATEMENT, "labeled_statement") X(NUMBER_LITERAL, "number_literal") \
	X(PARAMETER_DECLARATION, "parameter_declaration") X(PARAMETER_LIST, "parameter_list") \
	X(PARENTHESIZED_DECLARATOR, "parenthesized_declarator") \
	X(PARENTHESIZED_EXPRESSION, "parenthesized_expression") \
	X(POINTER_DECLARATOR, "pointer_declarator") X(POINTER_EXPRESSION, "pointer_expression") \
	X(PREPROC_CALL, "preproc_call") X(PREPROC_DEF, "preproc_def") \
	X(PREPROC_DIRECTIVE, "preproc_directive") X(PREPROC_FUNCTION_DEF, "preproc_function_def") \
	X(PRIMITIVE_TYPE, "primitive_type") X(RETURN_STATEMENT, "return_statement") \
	X(SIZED_TYPE_SPECIFIER, "sized_type_specifier") X(SIZEOF_EXPRESSION, "sizeof_expression") \
	X(STATEMENT_IDENTIFIER, "statement_identifier") \
	X(STORAGE_CLASS_SPECIFIER, "storage_class_specifier") X(STRING_LITERAL, "string_literal") \
	X(STRUCT_SPECIFIER, "struct_specifier") X(SUBSCRIPT_EXPRESSION, "subscript_expression") \
	X(SWITCH_STATEMENT, "switch_statement") X(TYPE_DEFINITION, "type_definition") \
	X(TYPE_DESCRIPTOR, "type_descriptor") X(TYPE_IDENTIFIER, "type_identifier") \
	X(TYPE_QUALIFIER, "type_qualifier") X(UNARY_EXPRESSION, "unary_expression") \
	X(UNION_SPECIFIER, "union_specifier") X(UPDATE_EXPRESSION, "update_expression") \
	X(WHILE_STATEMENT, "while_statement")

enum tree_kind {
	TREE_TOKEN, TREE_OTHER, TREE_ERROR,
#define TREE_KIND_NAME(id, text) TREE_##id,
	TREE_KINDS(TREE_KIND_NAME)
#undef TREE_KIND_NAME
	TREE_KIND_COUNT
};

#define TREE_FIELDS(X) \
	X(ALTERNATIVE, "alternative") X(ARGUMENT, "argument") X(ARGUMENTS, "arguments") \
	X(BODY, "body") X(CONDITION, "condition") X(CONSEQUENCE, "consequence") \
	X(DECLARATOR, "declarator") X(DIRECTIVE, "directive") X(FIELD, "field") \
	X(FUNCTION, "function") X(INDEX, "index") X(INITIALIZER, "initializer") X(LEFT, "left") \
	X(NAME, "name") X(OPERATOR, "operator") X(PARAMETERS, "parameters") X(RIGHT, "right") \
	X(SIZE, "size") X(TYPE, "type") X(UPDATE, "update") X(VALUE, "value")

enum tree_field {
	TREE_NO_FIELD,
#define TREE_FIELD_NAME(id, text) TREE_FIELD_##id,
	TREE_FIELDS(TREE_FIELD_NAME)
#undef TREE_FIELD_NAME
	TREE_FIELD_COUNT
};

struct tree_node {
	uint32_t start, end; /* bytes of the text */
	int32_t parent;          /* -1 for the root */
	int32_t last;            /* one past the last descendant */
	int32_t next;            /* next sibling, -1: none */
	uint16_t depth;
	uint8_t kind;            /* enum tree_kind */
	uint8_t field;           /* enum tree_field: its role in the parent */
	const char *type;        /* the grammar's name; lives as long as the program */
	bool named;
	bool missing;            /* the parser invented it to go on */
};

struct tree {
	const char *text; /* borrowed */
	size_t size;
	struct tree_node *nodes; /* owned */
	int count;
};

struct err;
/* ERR_UNSUPPORTED when runtime and grammar do not fit. */
int tree_check_grammar(struct err *e);
/*
 * Broken text gives a tree with ERROR and missing nodes. ERR_LIMIT for text over a cap (bytes,
 * tokens, nesting, parsing time); a NUL byte is ERR_FORMAT.
 */
int tree_parse(struct tree *out, const char *text, size_t size, struct err *e);
void tree_release(struct tree *t);
/*
 * As tree_parse, but ERR_FORMAT with the line when bytes [start, end) do not parse, or when a node
 * reaches over their border (an open brace or comment). Errors elsewhere are left alone: a user's
 * file may hold macros that this grammar cannot know.
 */
int tree_parse_region(
	struct tree *out, const char *text, size_t size, size_t start, size_t end, struct err *e);

int tree_line(const struct tree *t, uint32_t byte);                       /* from 1 */
/* First child with that field, -1: none. */
int tree_child(const struct tree *t, int node, enum tree_field field);
int tree_first(const struct tree *t, int node); /* first child, -1: none */
/* N-th named child that is no comment, -1: none. */
int tree_named(const struct tree *t, int node, int n);
int tree_named_count(const struct tree *t, int node);                     /* comments not counted */
/* Nearest proper ancestor of that kind, -1: none. */
int tree_enclosing(const struct tree *t, int node, enum tree_kind kind);
bool tree_is(const struct tree *t, int node, enum tree_kind kind);        /* node -1 gives false */
bool tree_text_is(const struct tree *t, int node, const char *text);
/* Same bytes, layout between tokens ignored. */
bool tree_same_text(const struct tree *t, int a, int b);
size_t tree_bytes(const struct tree *t, int node);
const char *tree_text(const struct tree *t, int node); /* not NUL-ended: tree_bytes of it */
bool tree_inside(const struct tree *t, int node, uint32_t start, uint32_t end);
/* Without enclosing parentheses: the expression itself. */
int tree_bare(const struct tree *t, int node);
