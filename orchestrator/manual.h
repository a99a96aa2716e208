/*
 * manual.h - the manual page and the list of options, printed from command_table and option_table,
 * so that they cannot fall behind.
 */
#pragma once

#include <stdio.h>

/* mdoc(7) source of clade(1): what doc/clade.1 holds. */
void manual_print(FILE *out);
/* Every option of campaign files with type, range, default and meaning, for people. */
void manual_options(FILE *out);
