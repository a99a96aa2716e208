/* expect: FORBIDDEN. Does not define the entry. */
int other;
