/* expect: LIMIT or TIMEOUT. Lets the assembler repeat without end. */
__asm__(".rept 300000000\n.quad 1\n.endr");
