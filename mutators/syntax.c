#include "mutators/syntax.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "mutators/domain.h"
#include "mutators/scope.h"
#include "mutators/tokens.h"
#include "mutators/tree.h"

#define MACROS_MAX 256
/* Numbers and parentheses may make a text longer, never by this much. */
#define TOKENS_BYTES_MAX (16u << 20)

int syntax_ready(struct err *e)
{
	return tree_check_grammar(e);
}

int syntax_tokens(char **out, size_t *size, const char *source, size_t source_bytes,
	struct region r, const char *const *flags, struct err *e)
{
	struct buffer text;
	struct scope scope;
	struct tree tree;
	int rc = tree_parse_region(&tree, source, source_bytes, r.start, r.end, e);

	if (rc < 0)
		return rc;
	buffer_init(&text, TOKENS_BYTES_MAX);
	scope_build(&scope, &tree, r, NULL);
	tokens_write(&text, &scope, r);
	for (int i = 0; flags != NULL && flags[i] != NULL; i++)
		buffer_format(&text, "\n%s", flags[i]);
	if (text.full)
		rc = err_set(
			e, ERR_LIMIT, "the token text is longer than %u bytes", TOKENS_BYTES_MAX);
	if (rc == 0) {
		*size = text.size;
		*out = buffer_take(&text);
	}
	buffer_release(&text);
	scope_release(&scope);
	tree_release(&tree);
	return rc;
}

/* ---- what a domain allows ---- */

#define ALWAYS 0u

/* One row per construct: any of the bits allows it. What has no row needs every bit. */
static const struct rule {
	const char *type;
	unsigned any;
	const char *text;
} rules[] = {
	{ "abstract_array_declarator", DOMAIN_POINTERS | DOMAIN_CASTS, "an array type" },
	{ "abstract_pointer_declarator", DOMAIN_POINTERS | DOMAIN_CASTS, "a pointer type" },
	{ "alignas_qualifier", DOMAIN_PRAGMAS, "an alignment" },
	{ "alignof_expression", DOMAIN_CASTS, "an alignment" },
	{ "argument_list", DOMAIN_CALLS | DOMAIN_PRAGMAS, "a call" },
	{ "array_declarator", DOMAIN_POINTERS, "an array" },
	{ "assignment_expression", ALWAYS, "" },
	{ "attribute", DOMAIN_PRAGMAS, "an attribute" },
	{ "attribute_declaration", DOMAIN_PRAGMAS, "an attribute" },
	{ "attribute_specifier", DOMAIN_PRAGMAS, "an attribute" },
	{ "attributed_declarator", DOMAIN_PRAGMAS, "an attribute" },
	{ "attributed_statement", DOMAIN_PRAGMAS, "an attribute" },
	{ "binary_expression", ALWAYS, "" },
	{ "bitfield_clause", DOMAIN_FUNCTIONS, "a bit field" },
	{ "break_statement", DOMAIN_BRANCHES | DOMAIN_WITH_LOOPS, "break" },
	{ "call_expression", DOMAIN_CALLS | DOMAIN_PRAGMAS, "a call" },
	{ "case_statement", DOMAIN_BRANCHES, "a case" },
	{ "cast_expression", DOMAIN_CASTS, "a cast" },
	{ "char_literal", ALWAYS, "" },
	{ "character", ALWAYS, "" },
	{ "comma_expression", DOMAIN_WITH_LOOPS, "a comma expression" },
	{ "comment", ALWAYS, "" },
	{ "compound_literal_expression", DOMAIN_CASTS, "a compound literal" },
	{ "compound_statement", ALWAYS, "" },
	{ "concatenated_string", DOMAIN_POINTERS, "a string" },
	{ "conditional_expression", DOMAIN_BRANCHES, "a branch" },
	{ "continue_statement", DOMAIN_WITH_LOOPS, "continue" },
	{ "declaration", ALWAYS, "" },
	{ "do_statement", DOMAIN_WITH_LOOPS, "a loop" },
	{ "else_clause", DOMAIN_BRANCHES, "a branch" },
	{ "enum_specifier", DOMAIN_FUNCTIONS, "an enum" },
	{ "enumerator", DOMAIN_FUNCTIONS, "an enum" },
	{ "enumerator_list", DOMAIN_FUNCTIONS, "an enum" },
	{ "escape_sequence", ALWAYS, "" },
	{ "expression_statement", ALWAYS, "" },
	{ "false", ALWAYS, "" },
	{ "field_declaration", DOMAIN_FUNCTIONS, "a struct definition" },
	{ "field_declaration_list", DOMAIN_FUNCTIONS, "a struct definition" },
	{ "field_designator", DOMAIN_POINTERS | DOMAIN_FUNCTIONS, "a designator" },
	{ "field_expression", DOMAIN_MEMBERS | DOMAIN_POINTERS, "a member" },
	{ "field_identifier", DOMAIN_MEMBERS | DOMAIN_POINTERS | DOMAIN_FUNCTIONS, "a member" },
	{ "for_statement", DOMAIN_WITH_LOOPS, "a loop" },
	{ "function_declarator", ALWAYS, "" },
	{ "function_definition", ALWAYS, "" },
	{ "generic_expression", DOMAIN_CASTS, "_Generic" },
	{ "gnu_asm_expression", DOMAIN_ASM, "assembly" },
	{ "goto_statement", DOMAIN_GOTO, "goto" },
	{ "identifier", ALWAYS, "" },
	{ "if_statement", DOMAIN_BRANCHES, "a branch" },
	{ "init_declarator", ALWAYS, "" },
	{ "initializer_list", DOMAIN_POINTERS | DOMAIN_CASTS, "an initialiser list" },
	{ "initializer_pair", DOMAIN_POINTERS | DOMAIN_CASTS, "an initialiser list" },
	{ "labeled_statement", DOMAIN_GOTO, "a label" },
	{ "macro_type_specifier", DOMAIN_PREPROCESSOR, "a macro type" },
	{ "null", DOMAIN_POINTERS, "a null pointer" },
	{ "number_literal", ALWAYS, "" },
	{ "offsetof_expression", DOMAIN_CASTS, "offsetof" },
	{ "parameter_declaration", ALWAYS, "" },
	{ "parameter_list", ALWAYS, "" },
	{ "parenthesized_declarator", ALWAYS, "" },
	{ "parenthesized_expression", ALWAYS, "" },
	{ "pointer_declarator", ALWAYS, "" },
	{ "pointer_expression", DOMAIN_POINTERS, "a pointer operation" },
	{ "preproc_arg", DOMAIN_PRAGMAS | DOMAIN_PREPROCESSOR, "a preprocessor line" },
	{ "preproc_call", DOMAIN_PRAGMAS | DOMAIN_PREPROCESSOR, "a preprocessor line" },
	{ "preproc_def", DOMAIN_PREPROCESSOR, "a macro" },
	{ "preproc_defined", DOMAIN_PREPROCESSOR, "a preprocessor line" },
	{ "preproc_directive", DOMAIN_PRAGMAS | DOMAIN_PREPROCESSOR, "a preprocessor line" },
	{ "preproc_elif", DOMAIN_PREPROCESSOR, "a preprocessor line" },
	{ "preproc_elifdef", DOMAIN_PREPROCESSOR, "a preprocessor line" },
	{ "preproc_else", DOMAIN_PREPROCESSOR, "a preprocessor line" },
	{ "preproc_function_def", DOMAIN_PREPROCESSOR, "a macro" },
	{ "preproc_if", DOMAIN_PREPROCESSOR, "a preprocessor line" },
	{ "preproc_ifdef", DOMAIN_PREPROCESSOR, "a preprocessor line" },
	{ "preproc_include", DOMAIN_PREPROCESSOR, "an include" },
	{ "preproc_params", DOMAIN_PREPROCESSOR, "a macro" },
	{ "primitive_type", ALWAYS, "" },
	{ "return_statement", ALWAYS, "" },
	{ "sized_type_specifier", ALWAYS, "" },
	{ "sizeof_expression", DOMAIN_CASTS, "sizeof" },
	{ "statement_identifier", DOMAIN_GOTO, "a label" },
	{ "storage_class_specifier", ALWAYS, "" },
	{ "string_content", DOMAIN_POINTERS | DOMAIN_PRAGMAS | DOMAIN_PREPROCESSOR | DOMAIN_ASM,
		"a string" },
	{ "string_literal", DOMAIN_POINTERS | DOMAIN_PRAGMAS | DOMAIN_PREPROCESSOR | DOMAIN_ASM,
		"a string" },
	{ "struct_specifier", ALWAYS, "" },
	{ "subscript_designator", DOMAIN_POINTERS, "an array" },
	{ "subscript_expression", DOMAIN_POINTERS, "an array access" },
	{ "subscript_range_designator", DOMAIN_POINTERS, "an array" },
	{ "switch_statement", DOMAIN_BRANCHES, "a branch" },
	{ "system_lib_string", DOMAIN_PREPROCESSOR, "an include" },
	{ "translation_unit", ALWAYS, "" },
	{ "true", ALWAYS, "" },
	{ "type_definition", DOMAIN_FUNCTIONS, "a typedef" },
	{ "type_descriptor", DOMAIN_CASTS, "a type" },
	{ "type_identifier", ALWAYS, "" },
	{ "type_qualifier", ALWAYS, "" },
	{ "unary_expression", ALWAYS, "" },
	{ "union_specifier", DOMAIN_CASTS, "a union" },
	{ "update_expression", DOMAIN_WITH_LOOPS, "++ or --" },
	{ "variadic_parameter", DOMAIN_FUNCTIONS, "a variable argument list" },
	{ "while_statement", DOMAIN_WITH_LOOPS, "a loop" },
};

struct check {
	const struct tree *tree;
	const struct scope *scope;
	const struct mutator_domain *domain;
	struct region region;
	int definitions;         /* functions defined in the region so far */
	int macros[MACROS_MAX];  /* nodes: names of function-like macros of the text */
	int macro_count;
};

static const struct rule *rule_of(const char *type)
{
	int low = 0, high = (int)(sizeof rules / sizeof rules[0]);

	while (low < high) {
		int middle = (low + high) / 2;
		int order = strcmp(rules[middle].type, type);

		if (order == 0)
			return &rules[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool any_allowed(const struct check *c, unsigned bits)
{
	return bits == ALWAYS || (c->domain->syntax & bits) != 0;
}

static bool starts_with(const struct tree *t, int node, const char *prefix)
{
	return tree_bytes(t, node) >= strlen(prefix) &&
		memcmp(tree_text(t, node), prefix, strlen(prefix)) == 0;
}

/* Bits that an operator token needs. */
static unsigned operator_bits(const struct tree *t, int operator)
{
	static const struct {
		const char *text;
		unsigned bits;
	} rows[] = {
		{ "<", DOMAIN_BRANCHES },
		{ "<=", DOMAIN_BRANCHES },
		{ ">", DOMAIN_BRANCHES },
		{ ">=", DOMAIN_BRANCHES },
		{ "==", DOMAIN_BRANCHES },
		{ "!=", DOMAIN_BRANCHES },
		{ "&&", DOMAIN_BRANCHES },
		{ "||", DOMAIN_BRANCHES },
		{ "!", DOMAIN_BRANCHES },
		{ "%", DOMAIN_BITS },
		{ "<<", DOMAIN_BITS },
		{ ">>", DOMAIN_BITS },
		{ "&", DOMAIN_BITS },
		{ "|", DOMAIN_BITS },
		{ "^", DOMAIN_BITS },
		{ "~", DOMAIN_BITS },
		{ "%=", DOMAIN_BITS },
		{ "<<=", DOMAIN_BITS },
		{ ">>=", DOMAIN_BITS },
		{ "&=", DOMAIN_BITS },
		{ "|=", DOMAIN_BITS },
		{ "^=", DOMAIN_BITS },
	};

	for (size_t i = 0; operator >= 0 && i < sizeof rows / sizeof rows[0]; i++)
		if (tree_text_is(t, operator, rows[i].text))
			return rows[i].bits;
	return ALWAYS;
}

static const char *operator_trouble(const struct check *c, int node)
{
	int operator = tree_child(c->tree, node, TREE_FIELD_OPERATOR);
	unsigned bits = operator_bits(c->tree, operator);

	/* A loop's condition may compare even where nothing else may. */
	if (bits == DOMAIN_BRANCHES && domain_allows(c->domain, DOMAIN_WITH_LOOPS) &&
		c->tree->nodes[node].field == TREE_FIELD_CONDITION)
		return NULL;
	if (any_allowed(c, bits))
		return NULL;
	return bits == DOMAIN_BRANCHES ? "a comparison" : "a bit operation or remainder";
}

static bool is_in_list(const struct tree *t, int node, const char *const *list)
{
	for (int i = 0; list != NULL && list[i] != NULL; i++)
		if (tree_text_is(t, node, list[i]))
			return true;
	return false;
}

/*
 * Calls: of an import, of a function or macro of this text, of a compiler builtin or an intrinsic.
 */
static const char *call_trouble(const struct check *c, int node)
{
	int function = tree_child(c->tree, node, TREE_FIELD_FUNCTION);
	int binding;

	/* An attribute's arguments look like a call. */
	if (domain_allows(c->domain, DOMAIN_ALL) ||
		tree_enclosing(c->tree, node, TREE_ATTRIBUTE_SPECIFIER) >= 0)
		return NULL;
	if (!any_allowed(c, DOMAIN_CALLS))
		return "a call";
	if (!tree_is(c->tree, function, TREE_IDENTIFIER))
		return "a call through a pointer";
	if (is_in_list(c->tree, function, c->domain->imports) ||
		starts_with(c->tree, function, "__builtin_") ||
		starts_with(c->tree, function, "_mm"))
		return NULL;
	binding = scope_of_node(c->scope, function);
	if (binding >= 0 &&
		tree_is(c->tree, c->scope->bindings[binding].declaration, TREE_FUNCTION_DEFINITION))
		return NULL;
	for (int i = 0; i < c->macro_count; i++)
		if (tree_same_text(c->tree, c->macros[i], function))
			return NULL;
	return "a call of a function that is no import";
}

static const char *pragma_trouble(const struct check *c, int node)
{
	int directive = tree_child(c->tree, node, TREE_FIELD_DIRECTIVE);
	int argument = tree_child(c->tree, node, TREE_FIELD_ARGUMENT);
	size_t skip = 0;

	if (any_allowed(c, DOMAIN_PREPROCESSOR))
		return NULL;
	if (!tree_text_is(c->tree, directive, "#pragma") || argument < 0)
		return "a preprocessor line";
	while (skip < tree_bytes(c->tree, argument) && tree_text(c->tree, argument)[skip] == ' ')
		skip++;
	if (strncmp(tree_text(c->tree, argument) + skip, "GCC unroll ", 11) == 0 ||
		strncmp(tree_text(c->tree, argument) + skip, "GCC ivdep", 9) == 0)
		return NULL;
	return "a pragma other than GCC unroll and GCC ivdep";
}

/*
 * Without pointers, a parameter may point to a struct whose members are read; nothing else may
 * point.
 */
static const char *pointer_declarator_trouble(const struct check *c, int node)
{
	if (any_allowed(c, DOMAIN_POINTERS) ||
		tree_enclosing(c->tree, node, TREE_PARAMETER_DECLARATION) >= 0)
		return NULL;
	return "a pointer";
}

static const char *member_trouble(const struct check *c, int node)
{
	int of = tree_child(c->tree, node, TREE_FIELD_ARGUMENT);

	if (any_allowed(c, DOMAIN_POINTERS) || tree_is(c->tree, of, TREE_IDENTIFIER) ||
		tree_is(c->tree, of, TREE_FIELD_EXPRESSION))
		return NULL;
	return "a member of something computed";
}

/* A pointer parameter that moved would read beside its struct. */
static const char *assignment_trouble(const struct check *c, int node)
{
	int left = tree_bare(c->tree, tree_child(c->tree, node, TREE_FIELD_LEFT));
	int binding = tree_is(c->tree, left, TREE_IDENTIFIER) ? scope_of_node(c->scope, left) : -1;

	if (!any_allowed(c, DOMAIN_POINTERS) && binding >= 0 &&
		c->scope->bindings[binding].type.depth > 0)
		return "an assignment to a pointer";
	return operator_trouble(c, node);
}

static const char *definition_trouble(struct check *c)
{
	c->definitions++;
	return c->definitions > 1 && !any_allowed(c, DOMAIN_FUNCTIONS) ? "a further function"
								       : NULL;
}

/* A function declarator outside a definition is a prototype or a pointer to a function. */
static const char *function_declarator_trouble(const struct check *c, int node)
{
	int parent = c->tree->nodes[node].parent;

	while (tree_is(c->tree, parent, TREE_POINTER_DECLARATOR))
		parent = c->tree->nodes[parent].parent;
	return tree_is(c->tree, parent, TREE_FUNCTION_DEFINITION) ||
			any_allowed(c, DOMAIN_FUNCTIONS)
		? NULL
		: "a function declaration";
}

static const char *storage_trouble(const struct check *c, int node)
{
	if (tree_text_is(c->tree, node, "register") || tree_text_is(c->tree, node, "auto") ||
		any_allowed(c, DOMAIN_FUNCTIONS))
		return NULL;
	return tree_is(c->tree, c->tree->nodes[node].parent, TREE_FUNCTION_DEFINITION)
		? NULL
		: "static or external data";
}

/* Data of the whole file lives from call to call. */
static const char *declaration_trouble(const struct check *c, int node)
{
	if (any_allowed(c, DOMAIN_FUNCTIONS) ||
		tree_enclosing(c->tree, node, TREE_FUNCTION_DEFINITION) >= 0)
		return NULL;
	return "static or external data";
}

/* Reserved names are the compiler's doors: wider types, counters, builtins. */
static const char *name_trouble(const struct check *c, int node)
{
	const char *text = tree_text(c->tree, node);
	bool is_type = tree_is(c->tree, node, TREE_TYPE_IDENTIFIER);
	unsigned bits =
		is_type ? DOMAIN_PRAGMAS : DOMAIN_PREPROCESSOR | DOMAIN_CALLS | DOMAIN_PRAGMAS;
	bool reserved = tree_bytes(c->tree, node) > 1 && text[0] == '_' &&
		(text[1] == '_' || (text[1] >= 'A' && text[1] <= 'Z'));

	if (!reserved || any_allowed(c, bits) || tree_text_is(c->tree, node, "_Bool"))
		return NULL;
	return "a reserved name";
}

static const char *qualifier_trouble(const struct check *c, int node)
{
	if (tree_text_is(c->tree, node, "const") || tree_text_is(c->tree, node, "volatile") ||
		any_allowed(c, DOMAIN_PRAGMAS))
		return NULL;
	return "a type qualifier";
}

static const char *special_trouble(struct check *c, int node)
{
	switch (c->tree->nodes[node].kind) {
	case TREE_BINARY_EXPRESSION: case TREE_UNARY_EXPRESSION: return operator_trouble(c, node);
	case TREE_ASSIGNMENT_EXPRESSION:    return assignment_trouble(c, node);
	case TREE_CALL_EXPRESSION:          return call_trouble(c, node);
	case TREE_COMPOUND_STATEMENT:
		return tree_is(c->tree, c->tree->nodes[node].parent,
			       TREE_PARENTHESIZED_EXPRESSION) &&
				!domain_allows(c->domain, DOMAIN_ALL)
			? "a statement expression"
			: NULL;
	case TREE_DECLARATION:              return declaration_trouble(c, node);
	case TREE_FIELD_EXPRESSION:         return member_trouble(c, node);
	case TREE_FUNCTION_DECLARATOR:      return function_declarator_trouble(c, node);
	case TREE_FUNCTION_DEFINITION:      return definition_trouble(c);
	case TREE_IDENTIFIER: case TREE_TYPE_IDENTIFIER: return name_trouble(c, node);
	case TREE_POINTER_DECLARATOR:       return pointer_declarator_trouble(c, node);
	case TREE_PREPROC_CALL:             return pragma_trouble(c, node);
	case TREE_STORAGE_CLASS_SPECIFIER:  return storage_trouble(c, node);
	case TREE_TYPE_QUALIFIER:           return qualifier_trouble(c, node);
	default:                            return NULL;
	}
}

static const char *node_trouble(struct check *c, int node)
{
	const struct tree_node *n = &c->tree->nodes[node];
	const struct rule *rule;

	if (!n->named)
		return NULL;
	rule = rule_of(n->type);
	if (rule == NULL)
		return domain_allows(c->domain, DOMAIN_ALL) ? NULL : n->type;
	if (!any_allowed(c, rule->any))
		return rule->text;
	return special_trouble(c, node);
}

static void macros_find(struct check *c)
{
	for (int i = 0; i < c->tree->count && c->macro_count < MACROS_MAX; i++)
		if (tree_is(c->tree, i, TREE_PREPROC_FUNCTION_DEF))
			c->macros[c->macro_count++] = tree_child(c->tree, i, TREE_FIELD_NAME);
}

int syntax_allowed(const char *source, size_t source_bytes, struct region r,
	const struct mutator_domain *domain, struct err *e)
{
	struct tree tree;
	struct scope scope;
	struct check c = { .tree = &tree, .scope = &scope, .domain = domain, .region = r };
	int rc = tree_parse_region(&tree, source, source_bytes, r.start, r.end, e);

	if (rc < 0)
		return rc;
	scope_build(&scope, &tree, r, NULL);
	macros_find(&c);
	for (int i = 0; i < tree.count && rc == 0; i++) {
		const char *trouble = NULL;

		if (tree_inside(&tree, i, (uint32_t)r.start, (uint32_t)r.end))
			trouble = node_trouble(&c, i);
		if (trouble != NULL)
			rc = err_set(e, ERR_FORMAT, "line %d: %s is not allowed in this problem",
				tree_line(&tree, tree.nodes[i].start), trouble);
	}
	scope_release(&scope);
	tree_release(&tree);
	return rc;
}

/* ---- features ---- */

static bool is_operation(const struct tree *t, int node)
{
	int operator = tree_child(t, node, TREE_FIELD_OPERATOR);

	switch (t->nodes[node].kind) {
	case TREE_BINARY_EXPRESSION:
		return operator>= 0 && tree_bytes(t, operator) == 1 &&
			strchr("+-*/%", *tree_text(t, operator)) != NULL;
	case TREE_UNARY_EXPRESSION:
		return tree_text_is(t, operator, "-") &&
			!tree_is(t, tree_bare(t, tree_child(t, node, TREE_FIELD_ARGUMENT)),
				TREE_NUMBER_LITERAL);
	case TREE_ASSIGNMENT_EXPRESSION:
		return operator >= 0 && !tree_text_is(t, operator, "=");
	case TREE_CALL_EXPRESSION:
		return true;
	default:
		return false;
	}
}

int syntax_measure(struct syntax_features *out, const char *source, size_t source_bytes,
	struct region r, const struct mutator_domain *domain, struct err *e)
{
	struct syntax_features f = { 0 };
	struct scope scope;
	struct tree tree;
	int rc = tree_parse_region(&tree, source, source_bytes, r.start, r.end, e);

	if (rc < 0)
		return rc;
	scope_build(&scope, &tree, r, domain);
	for (int i = 0; i < tree.count; i++) {
		int terminal = scope.terminals[i];

		if (!tree_inside(&tree, i, (uint32_t)r.start, (uint32_t)r.end))
			continue;
		f.operations += is_operation(&tree, i);
		f.terminals += terminal >= 0;
		if (terminal >= 0 && terminal < 64)
			f.terminals_used[terminal / 32] |= 1u << (terminal % 32);
	}
	scope_release(&scope);
	tree_release(&tree);
	*out = f;
	return 0;
}
