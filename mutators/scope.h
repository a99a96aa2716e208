/*
 * scope.h - which names are visible where, and the types of expressions: what a C grammar alone
 * does not tell.
 *
 * Types are as rough as the operators need: arithmetic rank, pointer depth, and the name under
 * which a local of the type is declared. Names that nothing in the text explains (a macro, a
 * header's typedef) take their type from the domain's terminals, else stay unknown, and operators
 * leave unknown types alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mutators/mutator.h"
#include "mutators/region.h"
#include "mutators/tree.h"

/* In the order of the usual arithmetic conversions. */
enum scope_base {
	SCOPE_UNKNOWN, SCOPE_VOID, SCOPE_OTHER,
	SCOPE_BOOL, SCOPE_CHAR, SCOPE_SHORT, SCOPE_INT, SCOPE_UINT, SCOPE_LONG, SCOPE_ULONG,
	SCOPE_FLOAT, SCOPE_DOUBLE, SCOPE_LONG_DOUBLE,
};
struct scope_type {
	uint8_t base; /* enum scope_base */
	uint8_t depth;           /* pointer or array levels over it */
	bool is_const;
	int32_t name; /* node of the type's name in the text, -1: the usual spelling of base */
};
struct scope_binding {
	int name, declaration; /* nodes */
	struct scope_type type;
	uint32_t from, to;       /* visible in [from, to) */
	bool parameter, function, is_static, has_value;   /* has_value: set where it is declared */
	int older;               /* next binding of the same bucket */
};

/* A type name of the text and what it stands for. */
struct scope_alias { int name; uint8_t base; };

#define SCOPE_BUCKETS 512
#define SCOPE_ALIASES_MAX 128
struct scope {
	const struct tree *tree; /* borrowed */
	const struct mutator_domain *domain;   /* borrowed, may be NULL */
	struct scope_binding *bindings;        /* owned, in the order of the text */
	int count, room;
	int buckets[SCOPE_BUCKETS];
	struct scope_alias aliases[SCOPE_ALIASES_MAX];
	int alias_count;
	struct scope_type
		*types; /* owned; of every expression node of the region, SCOPE_UNKNOWN elsewhere */
	int16_t *terminals;                    /* owned; which terminal a node is, -1: none */
};

/* tree must outlive the scope. */
void scope_build(struct scope *out, const struct tree *tree, struct region r,
	const struct mutator_domain *domain);
void scope_release(struct scope *s);
/* The binding that a name means at a byte; -1: none in the text. */
int scope_find(const struct scope *s, const char *name, size_t bytes, uint32_t at);
/* The binding that a declaring occurrence of a name makes; -1: it declares nothing. */
int scope_declared_by(const struct scope *s, int name);
int scope_of_node(const struct scope *s, int identifier);
/*
 * Do all names of an expression or statement mean at byte `at` what they mean where it stands
 * (names that it declares itself apart)?
 */
bool scope_moves_to(const struct scope *s, int node, uint32_t at);
/* Is the name of the terminal's first identifier visible? */
bool scope_sees_terminal(const struct scope *s, const struct mutator_terminal *t, uint32_t at);
/* Is an identifier token of these bytes anywhere in the text? For fresh names. */
bool scope_uses_name(const struct scope *s, const char *name);

/* "double", "const float *"; named types are unknown. */
struct scope_type scope_type_of_text(const char *type);
/*
 * What a declaration's specifiers say; declarator: the declared name, -1: none. May learn an alias.
 */
struct scope_type scope_declared_type(struct scope *s, int declaration, int declarator);
bool scope_is_floating(struct scope_type t);
bool scope_is_integer(struct scope_type t);
bool scope_is_arithmetic(struct scope_type t);
bool scope_same_type(const struct scope *s, struct scope_type a, struct scope_type b);
/* How a local of an arithmetic type is declared. out of 64 bytes. */
void scope_type_text(char out[64], const struct scope *s, struct scope_type t);
/* Is an identifier part of an expression: neither declared here nor called? */
bool scope_is_expression_name(const struct tree *t, int node);
/*
 * Is the node a value that may be replaced: an expression in a function body, no callee, no
 * assigned thing, no constant context?
 */
bool scope_is_value(const struct scope *s, int node);
