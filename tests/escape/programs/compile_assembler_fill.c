/* expect: LIMIT. Wants an object of ten gigabytes. */
__asm__(".fill 10000000000, 1, 7");
