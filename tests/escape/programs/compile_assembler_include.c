/* expect: COMPILE_ERROR. Lets the assembler read a file of the host. */
__asm__(".include \"@CANARY@\"");
