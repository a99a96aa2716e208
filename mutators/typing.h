/*
 * typing.h - the types of a region's expressions, by C's usual arithmetic conversions, and which of
 * them are terminals of the domain.
 */
#pragma once

#include "mutators/scope.h"

/* Allocate and fill s->types and s->terminals; bindings and aliases are there already. */
void typing_fill(struct scope *s, struct region r);
