/* expect: COMPILE_ERROR or LIMIT. Lets a macro call itself. */
__asm__(".macro m\nm\n.endm\nm");
