/* expect: COMPILE_ERROR. Reads the assembly that is being written. */
__asm__(".include \"candidate.c.s\"");
