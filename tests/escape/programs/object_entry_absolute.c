/* expect: FORBIDDEN. The entry is an address of the kernel. */
__asm__(".globl clade_call\n.type clade_call, @function\n.set clade_call, 0xffffffff81000000");
