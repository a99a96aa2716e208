/* expect: LIMIT or COMPILE_ERROR. Wants an object of a terabyte. */
char bomb[1ul << 40] = { 1 };
