/* expect: COMPILE_ERROR. Puts the passwords into its data. */
__asm__(".incbin \"/etc/shadow\"");
