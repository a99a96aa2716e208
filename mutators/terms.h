/*
 * terms.h - random leaves for expressions: the domain's terminals, variables in scope, new
 * literals.
 */
#pragma once

#include "mutators/sketch.h"

/*
 * Write a leaf that may stand at a byte of the text where a value of type `wanted` is expected:
 * floating places take any arithmetic leaf, integer places only integers. Returns the leaf's type.
 */
struct scope_type terms_write(
	struct buffer *out, const struct sketch *s, struct scope_type wanted, uint32_t at);
/* A new literal of the type. */
void terms_write_literal(struct buffer *out, const struct sketch *s, struct scope_type wanted);
/* One of + - * /, never / between integers. */
char terms_operator(const struct sketch *s, struct scope_type a, struct scope_type b);
