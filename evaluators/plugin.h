/*
 * plugin.h - problem folders: finding them, building evaluator.c into a cached shared object, loading it in a worker.
 *
 * A problem folder holds campaign.yaml, seed.c, evaluator.c, adapter.c, README.md. Built-in evaluators are .so files that the build left
 * beside the binary (build/problems/<name>.so; PREFIX/lib/clade/<name>.so) and their folders stand in evaluators/problems/<name> (or
 * PREFIX/share/clade/problems/<name>); both are found relative to /proc/self/exe. CLADE_PROBLEMS may name a further folder of problems.
 */
#pragma once

#include "evaluators/evaluator.h"

struct err;
/* The folder of a built-in's name, of a folder, or of a campaign file's folder. Absolute path, caller frees. ERR_MISSING names the nearest built-in. */
int plugin_find_problem(char **dir, const char *name_or_path, struct err *e);
/* Names of built-ins, sorted, NULL-ended; caller frees each and the array. */
char **plugin_names(void);
/*
 * The evaluator's .so for a problem folder: a built-in's own while neither its evaluator.c nor a header below its folder is newer,
 * else evaluator.c compiled by the system's C compiler against the installed headers into $XDG_CACHE_HOME/clade/ (or ~/.cache/clade),
 * named by the hash of every file below the folder (plugin_sources.h), the public headers and the compiler. What evaluator.c includes
 * from elsewhere is not seen: a change there needs a change here. Absolute path, caller frees. The compiler's first error line is in e.
 */
int plugin_build(char **so, const char *dir, struct err *e);
/* dlopen (worker only). Refuses another abi number, missing callbacks, bad names, with the mend. The plug-in stays loaded for the process' life. */
int plugin_load(const struct clade_evaluator **out, const char *so, struct err *e);
