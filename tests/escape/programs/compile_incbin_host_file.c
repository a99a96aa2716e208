/* expect: COMPILE_ERROR. Puts a file of the host into its data. Outside the box: leaks. */
__asm__(".data\n.incbin \"@CANARY@\"\n.text");
