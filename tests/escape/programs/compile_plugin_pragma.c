/* expect: OK. Loads a plug-in through an optimise pragma; the pragma is ignored. */
#pragma GCC optimize("-fplugin=/w/candidate.c")
int x;
