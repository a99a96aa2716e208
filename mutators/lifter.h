/*
 * lifter.h - reads the straight-line floating function of a region into a graph.
 *
 * Only what has one floating type throughout is straight: parameters and locals of the return type,
 * the domain's floating terminals, literals,
 * + - * / and calls of imports, up to the first return. Branches, loops, integers and pointers (but
 * in terminals) are not.
 */
#pragma once

#include "mutators/operator.h"
#include "mutators/straight.h"

/* 1 lifted and tidy, 0 the region holds no straight function. */
int lifter_read(struct straight *out, const struct sketch *s);
