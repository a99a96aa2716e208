/* expect: FORBIDDEN. The entry is data. */
__attribute__((visibility("default"))) double clade_call = 1;
