/* expect: LIMIT. Writes more diagnostics than anybody would read. */
__asm__(".altmacro\n.rept 400000\n.error \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n.endr");
