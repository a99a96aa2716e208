/* expect: OK. Loads a plug-in through an attribute; it is ignored. */
__attribute__((optimize("-fplugin=/w/candidate.c"))) int f(void) { return 1; }
