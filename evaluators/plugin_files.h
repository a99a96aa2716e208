/*
 * plugin_files.h - where problem folders and built objects stand: beside the binary, in the build
 * tree and installed.
 */
#pragma once

#include <stdbool.h>

/* folder/suffix for the binary's folder and those above it, if it exists; NULL, or the caller
 * frees. */
char *plugin_files_beside(const char *suffix);
/* The folders that hold problem folders, best first; NULL-ended, the caller frees each. */
void plugin_files_roots(char *roots[4]);
bool plugin_files_is_problem(const char *dir);
/* The real path of a problem folder, or of a built-in by its name; NULL, or the caller frees. */
char *plugin_files_dir(const char *path);
char *plugin_files_builtin(const char *name);
