/* expect: FORBIDDEN. The entry claims to be a function and lies in writable data. */
__asm__(".data\n.globl clade_call\n.type clade_call, @function\nclade_call: ret\n.size clade_call, 1\n.text");
