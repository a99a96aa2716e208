/*
 * tokens.h - the canonical token text of a region: equal for programs that differ in layout,
 * comments, redundant parentheses, names of locals or spelling of numbers only.
 *
 * Every operator expression is written in parentheses of our own, so that the text says what the
 * tree says. A name that a declaration inside the region binds becomes `$n`, n counting bindings in
 * order of appearance; two bindings never share a number, so no two programs with different
 * meanings share a text.
 */
#pragma once

#include <stddef.h>

#include "mutators/region.h"
#include "mutators/scope.h"

struct buffer;
void tokens_write(struct buffer *out, const struct scope *s, struct region r);
