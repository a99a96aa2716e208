/* expect: OK 0. Has two thousand sections; nobody reads section tables. */
__asm__(".altmacro\n.macro one n\n.section .s\\n, \"a\"\n.byte 1\n.endm\n.set i, 0\n.rept 2000\none %i\n.set i, i + 1\n.endr\n.text");

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = 0;
}
